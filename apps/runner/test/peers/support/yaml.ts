import type { LineInput, RuntimeInput } from '@offhook/core';

/** A configuration file as an operator writes it; the keys are checked by the compiler. */
export interface FileText {
  readonly listen: readonly { readonly protocol: 'udp' | 'tcp' | 'tls'; readonly port: number }[];
  /** Files and settings of `edge.tls`. */
  readonly tls?: Readonly<Record<string, string>>;
  readonly cluster?: string;
  /** DNS servers to ask. */
  readonly dns?: readonly string[];
  readonly phone?: NonNullable<RuntimeInput['phone']>;
  readonly template: LineInput;
  readonly lines: readonly LineInput[];
}

/** JSON scalars and flow lists are YAML as they stand. */
const entries = (values: object, indent: string): readonly string[] =>
  Object.entries(values).map(([key, value]) => `${indent}${key}: ${JSON.stringify(value)}`);

const section = (name: string, values: object): readonly string[] =>
  Object.keys(values).length === 0 ? [] : [`${name}:`, ...entries(values, '  ')];

export function configurationText({
  listen,
  tls = {},
  dns = [],
  cluster = 'peers',
  phone = {},
  template,
  lines,
}: FileText): string {
  return [
    `cluster: ${cluster}`,
    'edge:',
    '  listen:',
    ...listen.map(({ protocol, port }) => `    - { protocol: ${protocol}, host: 127.0.0.1, port: ${port} }`),
    ...(Object.keys(tls).length === 0 ? [] : ['  tls:', ...entries(tls, '    ')]),
    ...(dns.length === 0 ? [] : section('dns', { servers: dns })),
    ...section('phone', phone),
    'templates:',
    '  desk:',
    ...entries(template, '    '),
    'lines:',
    ...lines.flatMap((line) => ['  - template: desk', ...entries(line, '    ')]),
    '',
  ].join('\n');
}

/** Values of a dual line between two registrars of this suite. */
export function dualTemplate(
  primary: { readonly address: string },
  alternate: { readonly address: string },
  values: LineInput = {},
): LineInput {
  const servers = { proxy: primary.address, alternateProxy: alternate.address };
  return { ...servers, dualRegistration: true, proxyFallbackIntvl: 0, password: 'secret', ...values };
}
