import {
  type Apply,
  elementOf,
  extParameters,
  type FindingCode,
  type Parameter,
  phoneParameters,
  runtimeJsonSchema,
} from '@offhook/core';

/** Renders docs/configuration.md from the schema, so that the page cannot drift from the code. */

/** The example of the page; a test reads it. */
export const exampleYaml = `cluster: office
edge:
  name: edge1
  listen:
    - { protocol: udp, host: 0.0.0.0, port: 5060 }
phone:
  tryBackupRsc: 503,5??
  regRetryRandomDelay: 15
templates:
  desk:
    proxy: sip-a.example.net
    alternateProxy: sip-b.example.net
    dualRegistration: Yes
    proxyFallbackIntvl: 0
    password: { env: DESK_PASSWORD }
lines:
  - id: reception
    template: desk
    userId: 0400
  - from: 1000          # 1000 to 1499
    count: 500
    template: desk
    displayName: Desk {n}
`;

/** The example of the TLS section; a test reads it. */
export const exampleTls = `edge:
  tls:
    ca: [/etc/offhook/office-ca.pem]
    cert: /etc/offhook/phone.pem     # only where a server asks for it, or to listen
    key: /etc/offhook/phone.key
    minVersion: TLSv1.2
templates:
  desk:
    sipTransport: TLS
    proxy: sip-a.example.net         # the name in its certificate
    alternateProxy: sip-b.example.net
    dualRegistration: Yes
    proxyFallbackIntvl: 0
lines:
  - template: desk
    userId: 1000
`;

export const exampleDns = `dns:
  servers: [192.0.2.53, '[2001:db8::53]:5353']
lines:
  - userId: 1000
    proxy: example.net
    useDnsSrv: Yes
    dnsSrvAutoPrefix: Yes            # asks for _sip._udp.example.net
    autoRegisterWhenFailover: Yes
`;

const applyMeanings: Readonly<Record<Apply, string>> = {
  restart: 'when the runtime restarts, or the line by `offhook restart`',
  line: 'after the line has un-registered and registered again; a call puts that off, at most for Forced Resync Delay',
  transaction: 'with the next transaction or timer',
  immediate: 'at once',
};

const findingMeanings: Readonly<Record<FindingCode, string>> = {
  'dual.no-alternate': 'Dual Registration without an alternate: the line registers once.',
  'dual.transport': 'Dual Registration over another transport than UDP, which the guides do not describe; it runs.',
  'dual.alternate-ignored': 'An alternate without Dual Registration.',
  'dual.same-server': 'Primary and alternate are one server: the line registers once.',
  'line.no-proxy': 'Neither Proxy nor Outbound Proxy: the line is disabled.',
  'line.no-user': 'No User ID: the line is disabled.',
  'line.not-registering': 'Register is Yes, but there is no Proxy to register with.',
  'line.no-id': 'An entry of `lines` without a usable name.',
  'line.duplicate': 'Two lines of one name.',
  'line.no-number': '`{n}` outside a range.',
  'line.unknown-template': 'A template that is not defined.',
  'fallback.no-rank': 'A fallback interval, but all servers have one rank.',
  'auto.ar': 'Transport AUTO without Auto Register When Failover.',
  'server.invalid': 'No server address: the field is left out.',
  'reg.retry-zero': 'Reg Retry Intvl is 0: 30 is used.',
  'reg.long-too-short': 'Reg Retry Long Intvl below twice Reg Retry Intvl.',
  'reg.cap-below-interval': 'Reg Retry Intvl Cap below Reg Retry Intvl: the interval is used.',
  'reg.expires-zero': 'Register Expires is 0: 3600 is used.',
  'reg.expires-range': 'Register Expires outside 32-2000000; it is used.',
  'reg.expires-clamp': 'Reg Min Expires above Reg Max Expires: both defaults are used.',
  'timer.zero': 'A timer of 0 that cannot work: the default is used.',
  'rsc.token': 'A pattern that is none: it is left out, the others are kept.',
  'rsc.too-long': 'A pattern beyond the 39th character: it is left out.',
  'rsc.bt-deprecated': '`BT` turns Auto Register When Failover on.',
  'policy.conflict': 'Mechanisms that cannot rule one line together; Dual Registration stays, others are refused.',
  'policy.unavailable': 'A mechanism that this version does not have.',
  'policy.unknown': 'X Mechanism names nothing that is loaded.',
  'policy.idle': 'X Mechanism names a mechanism that nothing on the line turns on.',
  'policy.forced': 'A parameter that the mechanism which rules the line sets itself, whatever is written.',
  'policy.advice': 'A value that goes against the mechanism which rules the line.',
  'figure.outage': 'Computed: the longest wait of a caller whose servers are all silent. Only `offhook check` says it.',
  'figure.fallback': 'Computed: when the line returns to a better server. Only `offhook check` says it.',
  'figure.no-fallback': 'Computed: the line never returns by itself. Only `offhook check` says it.',
  'figure.dual-outage': 'Computed: what calls of a dual line wait while the primary is silent. Only `offhook check` says it.',
  'key.unknown': 'A key that is not known at its place.',
  'value.invalid': 'A value that is not accepted. YAML: nothing is run. Profile: the element is ignored.',
  'secret.unavailable': 'A password, or credentials of the bus, that cannot be read.',
  'tls.unreadable': 'A certificate or key of `edge.tls` or `bus.tls` that cannot be read.',
  'tls.incomplete': 'A certificate without its key, or a key without its certificate.',
  'tls.no-certificate': 'A TLS port to listen on without a certificate: lines connect, nobody connects to them.',
  'yaml.syntax': 'The text is no YAML.',
  'xml.syntax': 'The text is no XML.',
  'xml.no-profile': 'There is no `<flat-profile>`.',
  'xml.encoding': 'The profile is not UTF-8.',
  'xml.user-access': 'A `ua` attribute of another value than na, ro, rw.',
  'xml.nested': 'An element inside a parameter: it is ignored.',
  'xml.unknown-element': 'Elements without a parameter: kept and listed.',
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  row(...head),
  row(...head.map(() => '---')),
  ...rows.map((cells) => row(...cells)),
  '',
];

function initialOf({ kind, initial }: Parameter): string {
  if (kind === 'yes-no') return initial === true ? 'Yes' : 'No';
  return initial === '' ? 'empty' : `\`${Array.isArray(initial) ? initial.join(', ') : String(initial)}\``;
}

function parameterRow(parameter: Parameter): readonly string[] {
  const { key, label, range, unit, apply, about } = parameter;
  return [`\`${key}\``, `\`${elementOf(parameter)}\``, label, range, initialOf(parameter), unit, apply, about];
}

const columns = ['YAML key', 'XML element', 'Label', 'Values', 'Default', 'Unit', 'Takes effect', 'Meaning'];

function sections(parameters: readonly Parameter[]): readonly string[] {
  const names = [...new Set(parameters.map(({ section }) => section))];
  return names.flatMap((name) => [
    `### ${name}`,
    '',
    ...table(columns, parameters.filter(({ section }) => section === name).map(parameterRow)),
  ]);
}

interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

/** Keys of the frame, with the descriptions of the schema: `edge.listen[].port`. */
function frameRows(node: SchemaNode, path: string, depth: number): readonly (readonly string[])[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, inner]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const shown = ['string', 'boolean', 'number'].includes(typeof inner.default) ? `\`${String(inner.default)}\`` : '';
    const own = inner.description === undefined ? [] : [[`\`${name}\``, shown, inner.description]];
    const opaque = depth === 0 && ['phone', 'templates', 'lines'].includes(key);
    return [
      ...own,
      ...(opaque ? [] : [...frameRows(inner, name, depth + 1), ...frameRows(inner.items ?? {}, `${name}[]`, depth + 1)]),
    ];
  });
}

function forms(): readonly string[] {
  return [
    '# Configuration',
    '',
    'Offhook reads YAML, or a flat profile (XML) as an IP phone does. `offhook check FILE` names every fault with its file, line and column.',
    '',
    '## YAML',
    '',
    '```yaml',
    exampleYaml.trimEnd(),
    '```',
    '',
    ...table(['Key', 'Default', 'Meaning'], frameRows(runtimeJsonSchema() as SchemaNode, '', 0)),
    '- Keys of `phone`, `templates` and `lines` are the parameters below. An unknown key is an error; so is a value of the wrong kind.',
    '- Numbers may be written as text and text as numbers: `userId: 0400` keeps its zero. Yes, No, true and false are equal.',
    '- A line has an `id` (its User ID when left out), may name a `template`, and adds values of its own, which win.',
    '- `from` and `count` make a range of lines. `{n}` in any text of the range or its template becomes the number; `id` and `userId` are `{n}` when left out.',
    '- `password` is text, `{ env: NAME }` or `{ file: path }`. References may carry `{n}`. Secrets never appear in findings, logs or traces.',
    '- `plugins` are paths from the folder of this file, or packages: [plugins.md](plugins.md). One that cannot be loaded stops the start.',
    '- Without `edge.listen` the runtime listens on the SIP Port of its UDP lines and lets the system choose ports for TCP; TLS lines only connect.',
    '',
  ];
}

function dns(): readonly string[] {
  return [
    '## Servers by DNS',
    '',
    '```yaml',
    exampleDns.trimEnd(),
    '```',
    '',
    '- `sipTransport: AUTO` takes the servers that NAPTR names, of all protocols, best first; without NAPTR those of the SRV records for TLS, TCP and UDP.',
    '  At most 6 NAPTR and 12 SRV records are used.',
    '- `useDnsSrv: Yes` asks for the SRV records of the name as it is written (`_sip._udp.example.net`); with `dnsSrvAutoPrefix: Yes` for those of the',
    '  domain. Where there are none, the addresses of the name are used: all of one rank, so there is no way back to a better one.',
    '- A port or an IP address that is written skips NAPTR and SRV. A static list (`name:SRV=a:p=0|b:p=1`, `name:A=ip,ip`) takes their place.',
    '- Servers of one priority are drawn by weight, for each line by itself. An answer counts for as long as its records say; when DNS does not answer,',
    '  the last answer goes on and is asked for again every 30 s.',
    '- A certificate must carry the domain as it is written, not the name that SRV leads to (RFC 5922); in a static list, the name of the entry.',
    '- Without `dns.servers` the DNS servers of the system are asked, and a plain name is looked for as other programs do, hosts file first. With',
    '  `dns.servers` those come first, and the system is asked for what they do not know.',
    '- To reach IPv6 servers, list an IPv6 address under `edge.listen`, or set `ipMode: IPv6 only`.',
    '',
  ];
}

function tls(): readonly string[] {
  return [
    '## TLS',
    '',
    '```yaml',
    exampleTls.trimEnd(),
    '```',
    '',
    '- A line with `sipTransport: TLS` connects to port 5061 of its servers, or to the port that is written. Nothing else is needed where their',
    '  certificates come from a public authority that Node.js knows (`NODE_OPTIONS=--use-openssl-ca`: those of the system).',
    '- A certificate must lead to a trusted authority, be valid now, and carry the name of the server as `proxy`, `outboundProxy` and their alternates',
    '  write it: a DNS name, a `sip:` URI, or an IP address where an address is written. Wildcards do not count (RFC 5922 section 7.2).',
    '- `tlsNameValidate: No` turns the check of the name off, nothing else. A server that signs its own certificate: put that certificate into `ca`.',
    '- A server that fails a check counts as out of reach: a dual line uses its alternate at once, `offhook explain` says what was wrong.',
    '- `cert` and `key` are shown to servers that ask for a certificate. With them a TLS address of `edge.listen` accepts connections; without them',
    '  servers reach a line on the connection that it opened.',
    '- Paths are relative to the folder the command runs in. `{ env: NAME }`, `{ file: path }` and PEM text are accepted too; a program that calls',
    '  `parseRuntimeConfig` without `resolveSecret` gives PEM text.',
    '',
  ];
}

function profile(): readonly string[] {
  return [
    '## Flat profile (XML)',
    '',
    '- `<flat-profile>` may stand inside other elements. Names are case-sensitive; `n` is the Ext number; `<Proxy_1>` is read as `<Proxy_1_>`.',
    '- The last of several equal elements wins. Values are trimmed, line breaks in them become spaces. Only UTF-8.',
    '- `<X></X>` is empty; `<X/>` is empty too, but with `ua="rw"` it keeps the value that is there. Nothing restores the default of a number or a choice.',
    '- `ua` and `group` never change what a line does. Unknown elements are kept and listed.',
    '- A faulty value costs that element only; the line runs degraded and says so. Each Ext with a user or a server is a line, named after its user.',
    '',
  ];
}

/** The text of docs/configuration.md. */
export function renderConfigurationReference(): string {
  const lines = [
    '<!-- Written from the schema. After a change: npx vitest run -u in packages/provisioning. -->',
    ...forms(),
    ...dns(),
    ...tls(),
    ...profile(),
    '## When a change takes effect',
    '',
    ...table(['Class', 'The new value counts'], Object.entries(applyMeanings)),
    '## Presets',
    '',
    '`X Defaults Preset` chooses between two documented generations. A value that is set always wins.',
    '',
    ...table(
      ['Parameter', '`seed`', '`mpp-11.3`'],
      [
        ['Auto Register When Failover', 'No', 'Yes'],
        ['X Fallback Clock', '`nominal`', '`refresh`'],
      ],
    ),
    '## Parameters of a line',
    '',
    ...sections(extParameters),
    '## Parameters of the phone',
    '',
    ...sections(phoneParameters),
    '## Findings',
    '',
    'Errors that can be repaired leave the line degraded; with `strict: true` they refuse the start. `offhook check` exits 2 on any error.',
    '',
    ...table(
      ['Code', 'Meaning'],
      Object.entries(findingMeanings).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
