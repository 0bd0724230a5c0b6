import type { Leg } from '../contracts/decision.ts';
import { configuredHop, hopOf, hopParameters } from './hop.ts';
import type { LineConfig } from './line.ts';
import { parseServer, type ServerSpec, type StaticEntry } from './server.ts';
import { sharedBy } from './shared-by.ts';

export type LineMode = 'disabled' | 'single' | 'list' | 'dual';

export interface LineModeReason {
  readonly mode: LineMode;
  /** Step of section 5.1, or the decision it rests on. */
  readonly rule: string;
  readonly because: string;
}

/** Both legs would send to the same host, port and transport. @source redundancy reference D-36 */
export function sameServer(line: LineConfig): boolean {
  const primary = configuredHop(line.ext, 'primary');
  const alternate = configuredHop(line.ext, 'alternate');
  if (primary === undefined || alternate === undefined) return false;
  const isSameHost = primary.host.toLowerCase() === alternate.host.toLowerCase();
  return isSameHost && primary.port === alternate.port && primary.protocol === alternate.protocol;
}

const primarySpec = ({ ext }: LineConfig): ServerSpec | undefined => parseServer(ext.outboundProxy || ext.proxy);

/** Entries of the static list in force, from the field the primary leg sends to. */
export function staticList(line: LineConfig): readonly StaticEntry[] {
  return primarySpec(line)?.list ?? [];
}

/** A static list with a better server and a worse one. @source redundancy reference section 5.2 */
export function hasRankedList(line: LineConfig): boolean {
  const { form, list = [] } = primarySpec(line) ?? {};
  return form === 'SRV' && list.length > 1;
}

const withoutUser: LineModeReason = { mode: 'disabled', rule: '5.1:1', because: 'User ID is empty' };

/**
 * How a line runs, and why. Lists that only DNS knows are found when they are resolved.
 * @source redundancy reference section 5.1
 */
export const lineModeReason = (line: LineConfig): LineModeReason => (line.ext.userId === '' ? withoutUser : modeOfUser(line));

const modeOfUser = sharedBy([...hopParameters, 'survivabilityProxy'], (line): LineModeReason => {
  const { ext } = line;
  if (hopOf(line, 'primary') === undefined)
    return { mode: 'disabled', rule: '5.1:1', because: 'Proxy and Outbound Proxy are empty' };
  if (hopOf(line, 'alternate') !== undefined && !sameServer(line)) {
    return { mode: 'dual', rule: '5.1:2', because: 'Dual Registration is Yes and the alternate differs from the primary' };
  }
  if (ext.survivabilityProxy !== '') return { mode: 'list', rule: '5.1:3', because: 'a survivability tier exists' };
  if (staticList(line).length > 1) return { mode: 'list', rule: '5.1:3', because: 'the static list has more than one entry' };
  if (ext.dualRegistration && sameServer(line))
    return { mode: 'single', rule: 'D-36', because: 'primary and alternate are the same server' };
  return { mode: 'single', rule: '5.1:4', because: ext.dualRegistration ? 'there is no alternate' : 'there is one server' };
});

/** @source redundancy reference section 5.1 */
export function lineMode(line: LineConfig): LineMode {
  return lineModeReason(line).mode;
}

const noLegs: readonly Leg[] = [];
const oneLeg: readonly Leg[] = ['primary'];
const bothLegs: readonly Leg[] = ['primary', 'alternate'];

/** The registration legs a line has. */
export function legsOf(line: LineConfig): readonly Leg[] {
  const mode = lineMode(line);
  return mode === 'disabled' ? noLegs : mode === 'dual' ? bothLegs : oneLeg;
}
