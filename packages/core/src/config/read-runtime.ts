import type { Protocol } from '../contracts/transport.ts';
import { ConfigError } from '../errors.ts';
import { buildLines, type ResolveSecret } from './build-lines.ts';
import { readBus } from './bus.ts';
import { readEdgeTls } from './edge-tls.ts';
import { type ConfigPath, describeFinding, type Finding, hasErrors, type SourcePosition } from './finding.ts';
import { type LineConfig, phoneConfig } from './line.ts';
import { type LineEntry, readLineEntry, readTemplates } from './line-entry.ts';
import { createNotes, type Locate, type Notes } from './notes.ts';
import { readSection } from './read-section.ts';
import { isRecord } from './read-value.ts';
import { type EdgeListen, type Frame, frameSchema, type RuntimeConfig } from './runtime-schema.ts';
import { noteIssues } from './schema-notes.ts';
import { validatePhone } from './validate-phone.ts';

export interface ReadOptions {
  /** Without it no secret can be kept by reference. */
  readonly resolveSecret?: ResolveSecret;
  /** Gives findings their place in a file. */
  readonly locate?: Locate;
  /** Texts are taken as they are written: `{n}` stands for nothing. */
  readonly literal?: boolean;
}

export interface RuntimeReading {
  /** Undefined when a fault leaves nothing to run. */
  readonly config: RuntimeConfig | undefined;
  readonly findings: readonly Finding[];
  /** The lines that could be read, even where the configuration as a whole could not. */
  readonly lines: readonly LineConfig[];
  /** The plugins that are named, even where the configuration as a whole could not be read. */
  readonly plugins: readonly string[];
  /** Place of a line's parameter, for findings that come later (policies). */
  locate(line: string, key: string): SourcePosition | undefined;
}

/** What a line speaks; with AUTO its NAPTR records choose. */
const spokenBy = ({ sipTransport }: LineConfig['ext']): readonly Protocol[] =>
  sipTransport === 'AUTO' ? ['udp', 'tcp', 'tls'] : [sipTransport === 'TCP' ? 'tcp' : sipTransport === 'TLS' ? 'tls' : 'udp'];

/** Local addresses that the lines' own SIP Port and SIP Transport ask for. */
function listenFor(lines: readonly LineConfig[]): readonly EdgeListen[] {
  const wanted = new Map<string, EdgeListen>();
  for (const { ext, phone } of lines) {
    const isIpv6 = phone.ipMode === 'IPv6 only' || (ext.outboundProxy || ext.proxy).startsWith('[');
    const host = isIpv6 ? '::' : '0.0.0.0';
    for (const protocol of spokenBy(ext)) {
      // Streams leave from a port of the system's choice; only datagrams use SIP Port.
      const port = protocol === 'udp' ? ext.sipPort : 0;
      // A TLS server finds us on the connection we opened; a certificate of ours is for servers that ask for it.
      const listen: EdgeListen = protocol === 'tls' ? { protocol, host, port, connectOnly: true } : { protocol, host, port };
      wanted.set(`${protocol} ${host} ${port}`, listen);
    }
  }
  return wanted.size > 0 ? [...wanted.values()] : [{ protocol: 'udp', host: '0.0.0.0', port: 5060 }];
}

/** A TLS port that nobody can connect to. */
function noteDeafListeners({ listen = [], tls }: Frame['edge'], notes: Notes): void {
  for (const [i, { protocol, port, plugin }] of listen.entries()) {
    if (protocol !== 'tls' || port === 0 || tls?.cert !== undefined || plugin !== undefined) continue;
    notes.add(['edge', 'listen', i], {
      severity: 'warning',
      code: 'tls.no-certificate',
      seen: `port ${port}`,
      allowed: 'a port with edge.tls.cert and edge.tls.key',
      message: 'Without a certificate nobody can connect to this TLS port; lines connect from another port.',
      remedy: 'Set edge.tls.cert and edge.tls.key, or set the port to 0.',
    });
  }
}

const recordAt = (input: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> => {
  const value = input[key];
  return isRecord(value) ? value : {};
};

function readEntries(input: Readonly<Record<string, unknown>>, literal: boolean, notes: Notes): readonly LineEntry[] {
  const named = Object.entries(recordAt(input, 'templates')).filter(([, body]) => isRecord(body));
  const templates = readTemplates(Object.fromEntries(named), notes);
  const items = Array.isArray(input.lines) ? (input.lines as readonly unknown[]) : [];
  return items.flatMap((item, i) => {
    const entry = isRecord(item) ? readLineEntry(item, ['lines', i], { templates, literal }, notes) : undefined;
    return entry ?? [];
  });
}

/** Remarks that many lines share are made once; errors and warnings keep their places. */
function coalesceRemarks(findings: readonly Finding[]): readonly Finding[] {
  const remarks = new Map<string, Finding>();
  for (const finding of findings.filter(({ severity, line }) => severity === 'info' && line !== undefined)) {
    const key = `${finding.code} ${finding.message}`;
    const first = remarks.get(key);
    remarks.set(key, first === undefined ? finding : { ...first, lines: (first.lines ?? 1) + (finding.lines ?? 1) });
  }
  return [...findings.filter(({ severity, line }) => severity !== 'info' || line === undefined), ...remarks.values()];
}

/** Remembers which entry a line came from. */
function createOrigins() {
  const built: { readonly entry: LineEntry; readonly lines: readonly LineConfig[] }[] = [];
  return {
    add: (entry: LineEntry, lines: readonly LineConfig[]) => built.push({ entry, lines }),
    pathOf(id: string, key: string): ConfigPath | undefined {
      return built.find(({ lines }) => lines.some((line) => line.id === id))?.entry.pathOf(key);
    },
  };
}

/**
 * Reads a configuration: frame, phone, templates and lines. Total; every fault is found at once.
 * Repaired values leave a configuration with findings, unreadable ones leave none.
 * @source architecture sections 9, 10; redundancy reference section 3.11
 */
export function readRuntimeConfig(input: unknown, options: ReadOptions = {}): RuntimeReading {
  const notes = createNotes(options.locate);
  const origins = createOrigins();
  const frame = frameSchema.safeParse(input);
  if (!frame.success) noteIssues(frame.error, frameSchema, input, notes);
  const root = isRecord(input) ? input : {};
  const phone = readSection('phone', recordAt(root, 'phone'), ['phone'], [], notes);
  const judged = validatePhone(phoneConfig(phone.values));
  const shared = {
    ...judged,
    findings: judged.findings.map(({ path, ...note }) => notes.place(['phone', path.replace(/^phone\./, '')], note)),
  };
  notes.findings.push(...shared.findings);
  const context = { shared, resolveSecret: options.resolveSecret, notes, ids: new Set<string>() };
  const lines = readEntries(root, options.literal ?? false, notes).flatMap((entry) => {
    const built = buildLines(entry, context);
    origins.add(entry, built);
    return built;
  });
  const locate = (line: string, key: string): SourcePosition | undefined => {
    const path = origins.pathOf(line, key);
    return path === undefined ? undefined : options.locate?.(path);
  };
  const tls = frame.success ? readEdgeTls(frame.data.edge.tls, options.resolveSecret, notes) : undefined;
  const bus = frame.success ? readBus(frame.data.bus, options.resolveSecret, notes) : {};
  if (frame.success) noteDeafListeners(frame.data.edge, notes);
  const findings = coalesceRemarks(notes.findings);
  const plugins = Array.isArray(root.plugins) ? root.plugins.filter((name) => typeof name === 'string' && name !== '') : [];
  if (!frame.success || notes.refused) return { config: undefined, findings, lines, plugins, locate };
  const { edge, phone: _phone, templates: _templates, lines: _lines, ...rest } = frame.data;
  const listen = edge.listen ?? listenFor(lines);
  const { name, strangers, trusted, limits } = edge;
  const ownEdge = { name, listen, strangers, trusted, limits, ...(tls === undefined ? {} : { tls }) };
  const config = { ...rest, bus, edge: ownEdge, phone: shared.phone, lines } as RuntimeConfig;
  return { config: Object.freeze(config), findings, lines, plugins, locate };
}

/**
 * Reads a configuration given in code. With `strict: true` an error that would be repaired is refused too.
 * @throws ConfigError `E_CONFIG_INVALID` with every finding
 */
export function parseRuntimeConfig(input: unknown, options: ReadOptions = {}): RuntimeConfig {
  const { config, findings } = readRuntimeConfig(input, options);
  if (config === undefined || (config.strict && hasErrors(findings))) {
    const faults = findings.filter((finding) => finding.severity === 'error');
    throw new ConfigError('E_CONFIG_INVALID', faults.map(describeFinding).join('\n'), { findings });
  }
  return config;
}
