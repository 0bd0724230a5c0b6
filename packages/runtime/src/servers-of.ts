import {
  defaultPort,
  type LineConfig,
  type LocateRequest,
  locateRequest,
  parseServer,
  parseServerList,
  type StaticEntry,
} from '@offhook/core';

const serverFields = ['outboundProxy', 'proxy', 'alternateOutboundProxy', 'alternateProxy'] as const;

/** What a field of a line names: its static list, or what a locator finds. */
function serversIn(line: LineConfig, text: string): readonly LocateRequest[] {
  const spec = parseServer(text);
  if (spec === undefined) return [];
  const request = locateRequest(line, spec);
  return spec.list.length === 0 ? [request] : spec.list.flatMap((entry) => placesOf(entry, request));
}

/** Entries of a list are found by their addresses alone; with AUTO they speak UDP. */
function placesOf({ host, port, addresses }: StaticEntry, request: LocateRequest): readonly LocateRequest[] {
  const protocol = request.protocol === 'auto' ? 'udp' : request.protocol;
  const place = { ...request, protocol, port: port ?? request.port ?? defaultPort(protocol), srv: false };
  return (addresses.length > 0 ? addresses : [host]).map((each) => ({ ...place, host: each }));
}

const gatewaysOf = (line: LineConfig): readonly LocateRequest[] => {
  const { survivabilityProxy } = line.ext;
  const request = locateRequest(line, { host: '', port: undefined, protocol: undefined, list: [] });
  return (parseServerList(survivabilityProxy) ?? []).flatMap((entry) => placesOf(entry, request));
};

/** Every server the lines may use, once each, with those of static lists and the gateways of the site. */
export function serversOf(lines: readonly LineConfig[]): readonly LocateRequest[] {
  const found = new Map<string, readonly LocateRequest[]>();
  for (const line of lines) {
    const { sipTransport, useDnsSrv, dnsSrvAutoPrefix, survivabilityProxy } = line.ext;
    const asked = (text: string): string => `${sipTransport} ${useDnsSrv} ${dnsSrvAutoPrefix} ${text}`;
    for (const field of serverFields) {
      const text = line.ext[field];
      if (text !== '' && !found.has(asked(text))) found.set(asked(text), serversIn(line, text));
    }
    const tier = `gateways ${asked(survivabilityProxy)}`;
    if (survivabilityProxy !== '' && !found.has(tier)) found.set(tier, gatewaysOf(line));
  }
  return [...found.values()].flat();
}
