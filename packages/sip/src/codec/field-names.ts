/** Header field names: canonical spelling, compact forms, and which fields are comma lists. */

const listFields = [
  'Accept',
  'Accept-Contact',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Allow-Events',
  'Call-Info',
  'Contact',
  'Content-Encoding',
  'Content-Language',
  'Diversion',
  'Error-Info',
  'Geolocation',
  'History-Info',
  'In-Reply-To',
  'P-Asserted-Identity',
  'P-Associated-URI',
  'P-Preferred-Identity',
  'Path',
  'Proxy-Require',
  'Reason',
  'Record-Route',
  'Reject-Contact',
  'Remote-Party-ID',
  'Require',
  'Route',
  'Security-Client',
  'Security-Server',
  'Security-Verify',
  'Service-Route',
  'Supported',
  'Unsupported',
  'Via',
  'Warning',
];

const singleFields = [
  'Answer-Mode',
  'Authentication-Info',
  'Authorization',
  'Call-ID',
  'Content-Disposition',
  'Content-Length',
  'Content-Type',
  'CSeq',
  'Date',
  'Event',
  'Expires',
  'Flow-Timer',
  'From',
  'Identity',
  'Identity-Info',
  'Join',
  'Max-Forwards',
  'MIME-Version',
  'Min-Expires',
  'Min-SE',
  'Organization',
  'P-Access-Network-Info',
  'Priority',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'RAck',
  'Refer-Sub',
  'Refer-To',
  'Referred-By',
  'Replaces',
  'Reply-To',
  'Request-Disposition',
  'Retry-After',
  'RSeq',
  'Server',
  'Session-Expires',
  'SIP-ETag',
  'SIP-If-Match',
  'Subject',
  'Subscription-State',
  'Target-Dialog',
  'Timestamp',
  'To',
  'User-Agent',
  'WWW-Authenticate',
];

/** @source RFC 3261 §7.3.3, RFC 3515, 3841, 3892, 4028, 4474, 6665, 8224 */
const compactForms: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

const lists: ReadonlySet<string> = new Set(listFields);

/** Fixed after start-up: names from the network never grow it. */
const canonical: ReadonlyMap<string, string> = new Map([
  ...[...listFields, ...singleFields].flatMap((name) => [[name, name] as const, [name.toLowerCase(), name] as const]),
  ...Object.entries(compactForms).flatMap(([form, name]) => [[form, name] as const, [form.toUpperCase(), name] as const]),
]);

/** Canonical spelling of a known field, compact or long, in any case; undefined for an unknown one. */
export function canonicalName(name: string): string | undefined {
  return canonical.get(name) ?? canonical.get(name.toLowerCase());
}

/** True for fields whose lines may hold several values joined by commas. Takes the canonical name. @source RFC 3261 §7.3.1 */
export function isListField(name: string): boolean {
  return lists.has(name);
}
