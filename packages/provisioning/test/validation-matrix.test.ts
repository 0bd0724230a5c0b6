import { knownMechanisms, lineMode, policyFindings } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../src/index.ts';

/* Every row of the validation matrix (redundancy 3.11), in both forms of a configuration, at the place of the value. */

interface Row {
  readonly row: string;
  /** Of the line, beside its user and proxy. */
  readonly line: Readonly<Record<string, string | number>>;
  readonly phone?: Readonly<Record<string, string | number>>;
  /** The key whose value the finding points to; undefined: the line itself. */
  readonly at: string;
  readonly expected: string;
  readonly mode?: string;
  /** What a running phone uses instead. */
  readonly repaired?: readonly [key: string, value: unknown];
}

const dual = { dualRegistration: 'Yes', alternateProxy: 'b.example' };

const rows: readonly Row[] = [
  {
    row: 'Dual without an alternate',
    line: { dualRegistration: 'Yes' },
    at: '',
    expected: 'warning dual.no-alternate',
    mode: 'single',
  },
  { row: 'Dual without a proxy', line: { ...dual, proxy: '' }, at: 'proxy', expected: 'error line.no-proxy', mode: 'disabled' },
  {
    row: 'Dual with SRV and an interval',
    line: { ...dual, useDnsSrv: 'Yes', proxyFallbackIntvl: 600 },
    at: 'useDnsSrv',
    expected: 'error policy.conflict',
    mode: 'dual',
  },
  {
    row: 'Dual with a static list and an interval',
    line: { ...dual, proxy: 'v:SRV=a:p=0|c:p=1' },
    at: 'proxy',
    expected: 'error policy.conflict',
    mode: 'dual',
  },
  {
    row: 'Dual with transport AUTO and an interval',
    line: { ...dual, sipTransport: 'AUTO', autoRegisterWhenFailover: 'Yes' },
    at: 'sipTransport',
    expected: 'error policy.conflict',
    mode: 'dual',
  },
  {
    row: 'Dual with the Broadsoft mechanism',
    line: { ...dual, xMechanism: 'broadsoft' },
    at: 'xMechanism',
    expected: 'error policy.conflict',
    mode: 'dual',
  },
  {
    row: 'Dual over TCP',
    line: { ...dual, sipTransport: 'TCP' },
    at: 'sipTransport',
    expected: 'warning dual.transport',
    mode: 'dual',
  },
  {
    row: 'an alternate without Dual',
    line: { alternateProxy: 'b.example' },
    at: 'alternateProxy',
    expected: 'info dual.alternate-ignored',
    mode: 'single',
  },
  {
    row: 'primary = alternate',
    line: { dualRegistration: 'Yes', alternateProxy: 'a.example:5060' },
    at: 'alternateProxy',
    expected: 'error dual.same-server',
    mode: 'single',
  },
  {
    row: 'an interval with one rank',
    line: { proxyFallbackIntvl: 600 },
    at: 'proxyFallbackIntvl',
    expected: 'info fallback.no-rank',
  },
  {
    row: 'AUTO without Auto Register When Failover',
    line: { sipTransport: 'AUTO', autoRegisterWhenFailover: 'No' },
    at: 'autoRegisterWhenFailover',
    expected: 'warning auto.ar',
  },
  {
    row: 'Reg Retry Intvl 0',
    line: {},
    phone: { regRetryIntvl: 0 },
    at: 'regRetryIntvl',
    expected: 'error reg.retry-zero',
    repaired: ['regRetryIntvl', 30],
  },
  {
    row: 'Reg Retry Long Intvl below twice the short one',
    line: {},
    phone: { regRetryLongIntvl: 59 },
    at: 'regRetryLongIntvl',
    expected: 'warning reg.long-too-short',
    repaired: ['regRetryLongIntvl', 59],
  },
  {
    row: 'Reg Retry Intvl Cap below the interval',
    line: {},
    phone: { regRetryIntvlCap: 20 },
    at: 'regRetryIntvlCap',
    expected: 'warning reg.cap-below-interval',
    repaired: ['regRetryIntvlCap', 30],
  },
  {
    row: 'a bad token',
    line: {},
    phone: { tryBackupRsc: '5??,abc' },
    at: 'tryBackupRsc',
    expected: 'error rsc.token',
    repaired: ['tryBackupRsc', '5??'],
  },
  {
    row: 'a template above 39 characters',
    line: {},
    phone: { retryRegRsc: '401,402,403,404,405,406,407,408,409,410,411' },
    at: 'retryRegRsc',
    expected: 'error rsc.too-long',
  },
  {
    row: 'Register Expires 0',
    line: { registerExpires: 0 },
    at: 'registerExpires',
    expected: 'error reg.expires-zero',
    repaired: ['registerExpires', 3600],
  },
  {
    row: 'Register Expires 31',
    line: { registerExpires: 31 },
    at: 'registerExpires',
    expected: 'warning reg.expires-range',
    repaired: ['registerExpires', 31],
  },
];

const lineOf = ({ line }: Row): Readonly<Record<string, string | number>> => ({ userId: '1001', proxy: 'a.example', ...line });
const word = (key: string): string => key.replace(/([A-Z])/g, ' $1').replace(/^./, (first) => first.toUpperCase());
const element = (key: string): string =>
  ({
    userId: 'User_ID',
    useDnsSrv: 'Use_DNS_SRV',
    sipTransport: 'SIP_Transport',
    tryBackupRsc: 'Try_Backup_RSC',
    retryRegRsc: 'Retry_Reg_RSC',
  })[key] ?? word(key).trim().replaceAll(' ', '_');

/** One value a line of text, so that its place is its number. */
function yaml(row: Row): readonly string[] {
  const entries = Object.entries(lineOf(row)).map(
    ([key, value], i) => `${i === 0 ? '  - ' : '    '}${key}: ${JSON.stringify(String(value))}`,
  );
  const phone = Object.entries(row.phone ?? {}).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return [...(phone.length > 0 ? ['phone:', ...phone] : []), 'lines:', ...entries];
}

function xml(row: Row): readonly string[] {
  const own = Object.entries(lineOf(row)).map(([key, value]) => `  <${element(key)}_1_>${value}</${element(key)}_1_>`);
  const shared = Object.entries(row.phone ?? {}).map(([key, value]) => `  <${element(key)}>${value}</${element(key)}>`);
  return ['<flat-profile>', ...own, ...shared, '</flat-profile>'];
}

const forms = { 'phone.yaml': yaml, 'phone.xml': xml } as const;

describe.each(Object.entries(forms))('validation matrix in %s', (name, write) => {
  it.each(rows.map((row) => [row.row, row] as const))('%s', (_, row) => {
    const lines = write(row);
    const reading = readConfiguration({ name, text: `${lines.join('\n')}\n` });
    const findings = [...reading.findings, ...policyFindings(reading.lines, knownMechanisms, reading.locate)];
    const [finding, ...others] = findings.filter(({ severity, code }) => `${severity} ${code}` === row.expected);
    expect(others).toEqual([]);
    const key = name.endsWith('.yaml') ? row.at : element(row.at);
    const at = row.at === '' ? 0 : lines.findIndex((text) => new RegExp(`[< ]${key}[:_>]`).test(text)) + 1;
    expect(finding?.at).toMatchObject({ file: name, ...(at === 0 ? {} : { line: at }), column: expect.any(Number) });
    expect(finding?.message).toMatch(/\.$/);

    // A phone in the field goes on, repaired.
    const [line] = reading.config?.lines ?? [];
    if (line === undefined) throw new Error('the configuration can be run');
    if (row.mode !== undefined) expect(lineMode(line)).toBe(row.mode);
    if (row.repaired !== undefined) expect({ ...line.ext, ...line.phone }).toMatchObject({ [row.repaired[0]]: row.repaired[1] });
  });
});
