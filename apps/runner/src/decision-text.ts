import type { CandidateMark, Decision } from '@offhook/core';
import type { Paint } from './paint.ts';

/* A decision in the words of a phone engineer: what happened and why, what comes next, and in brackets the evidence. */

/** A span with the precision that its length deserves. */
export function spanText(ms: number): string {
  const s = Math.abs(ms) / 1000;
  return s < 10 ? `${Math.round(s * 100) / 100} s` : s < 100 ? `${Math.round(s * 10) / 10} s` : `${Math.round(s)} s`;
}

/** Of a line whose servers are a ranked list: there servers have no names but their own. */
const isRanked = ({ candidates }: Decision): boolean => candidates.some(({ rank }) => rank !== undefined);

const place = (decision: Decision): string => {
  const { leg, outcome } = decision;
  if (isRanked(decision))
    return outcome.server ?? decision.candidates.find(({ current }) => current === true)?.server ?? 'the server';
  const at = outcome.leg ?? leg ?? 'server';
  return outcome.server === undefined ? `the ${at}` : `the ${at} (${outcome.server})`;
};

/** What came back, or did not. */
function failureText({ inputs }: Decision): string {
  if (inputs.code !== undefined) return `answered ${inputs.code}`;
  if (inputs.outcome === 'no-response') return 'did not answer';
  if (inputs.outcome === 'transport')
    return inputs.detail === undefined ? 'cannot be reached' : `cannot be reached (${inputs.detail})`;
  if (inputs.outcome === 'exhausted') return 'and every other server of the list failed';
  return inputs.outcome === 'disconnect' ? 'closed the connection' : 'failed';
}

const attempts = (failures: number): string => (failures === 0 ? '' : ` (failure ${failures + 1} in a row)`);

/** What makes a line register, by the rule that says it. */
const occasions: Readonly<Record<string, string>> = {
  '6.1:line.start': 'registering at',
  'D-46:no-binding': 'registering at',
  '6.1:waiting/clock.retry': 'trying again to register at',
  '6.1:registered/clock.expiry': 'registering anew at',
};

function registeringText(decision: Decision): string {
  const { inputs, rule } = decision;
  const occasion = occasions[rule];
  if (occasion !== undefined) return `${occasion} ${place(decision)}`;
  if (inputs.from !== undefined) return `${inputs.from} ${failureText(decision)}: registering at ${place(decision)}`;
  if (rule.startsWith('5.7')) return `registering at ${place(decision)}, the better server`;
  if (rule === 'D-15:register-first') return `registering at ${place(decision)}, a request waits for it`;
  if (rule === '6.3:dns.changed/gone') return `registering at ${place(decision)}: DNS does not name the other server any more`;
  if (inputs.code === 423) return `${place(decision)} finds that too brief: registering for ${inputs.requestedS} s`;
  return `${place(decision)} ${failureText(decision)}: registering again at once`;
}

function registrationText(decision: Decision): string | undefined {
  const { inputs, rule } = decision;
  const where = place(decision);
  switch (decision.outcome.action) {
    case 'registered':
      return rule.startsWith('D-46')
        ? `registration at ${where} goes on from before`
        : `registered at ${where} for ${inputs.expiryS} s`;
    case 'refreshed':
      return `registration at ${where} renewed for ${inputs.expiryS} s`;
    case 'refresh':
      return `renewing the registration at ${where}`;
    case 'answer':
      return `${where} asks who we are (${inputs.code}): answering with the password's digest`;
    case 'register':
      return registeringText(decision);
    case 'wait':
      return rule === '3.10:initial-spread'
        ? `first registration at ${where} is put off, so that lines do not all start at once`
        : `registration failed: ${where} ${failureText(decision)}${attempts(Number(inputs.failures ?? 0))}`;
    case 'reject':
      return `registration refused: ${where} ${failureText(decision)}; it is not tried again`;
    case 'lost':
      return `registration at ${where} has expired`;
    case 'unregister':
      return `withdrawing the registration at ${where}`;
    case 'recover':
      return `asking ${where}, the better server, to take the registration`;
    case 'stay':
      return `${where} ${failureText(decision)}: the line stays where it is`;
    case 'hold':
      return 'no renewal before the line is back at the better server';
    case 'off':
      return `no registration at ${where} any more`;
    default:
      return undefined;
  }
}

const lineTexts: Readonly<Record<string, string>> = {
  'route-primary': 'new calls go to the primary',
  'route-alternate': 'new calls go to the alternate: the primary holds no working registration',
  'out-of-service': 'out of service: no server holds a working registration',
  disabled: 'disabled: no user or no server is configured',
  stopped: 'stopped',
  staged: 'a changed configuration waits',
};

/** What becomes of parameters that have changed; any other rule has the line begin anew with them. */
const changeTexts: Readonly<Record<string, string>> = {
  '6.10:now': 'counts from now on:',
  '6.10:until-restart': 'waits for a restart:',
  '6.10:until-last-call': 'waits for the last call to end:',
};

const listTexts: Readonly<Record<string, (server: string) => string>> = {
  'route-top': (server) => `new calls go to ${server}, the best server`,
  'route-lower': (server) => `new calls go to ${server}, a lower server`,
  'out-of-service': (server) => `out of service: no server of the list serves the line; it begins again at ${server}`,
  wait: (server) => `the return to ${server} waits for the end of a call`,
};

function lineTextOf(decision: Decision): string | undefined {
  const { rule, outcome, inputs } = decision;
  const { changed } = inputs;
  if (typeof changed === 'string') return `${changeTexts[rule] ?? 'the line begins anew with'} ${changed.replaceAll(' ', ', ')}`;
  if (outcome.action === 'restart') return `registering anew: ${inputs.what} was ${inputs.was}, is ${inputs.is}`;
  const known = isRanked(decision) ? listTexts[outcome.action]?.(place(decision)) : undefined;
  const why = outcome.action.startsWith('route-') ? occasionsOfMoves[rule] : undefined;
  return known === undefined ? lineTexts[outcome.action] : `${known}${why === undefined ? '' : `: ${why}`}`;
}

/** Why the route of a list moved. */
const occasionsOfMoves: Readonly<Record<string, string>> = {
  '6.3:in-service': 'it has taken the registration',
  '6.3:register-failed': 'the REGISTER failed at the one before',
  '6.3:request-failed': 'a request failed at the one before',
  '6.3:recovered': 'it has taken the registration back',
  '6.3:dns.changed/gone': 'DNS does not name the one before any more',
  '5.7:interval': 'Proxy Fallback Intvl is over',
  '5.7:registration-ends': 'the registration period is over',
};

/** Why a leg was chosen, by the part of the rule that says it. */
const reasons: Readonly<Record<string, string>> = {
  'both-usable': 'both servers hold a registration, the primary comes first',
  'primary-only': 'the alternate holds none',
  'alternate-only': 'the primary holds no working registration',
  'bound-only': 'registrations have not expired, though their renewal failed',
  'register-no': 'the line does not register',
  registered: 'it is registered there',
  'none-registered': 'Make Call Without Reg',
};

function routeReason(decision: Decision): string | undefined {
  const [, name = ''] = decision.rule.split(':');
  if (decision.inputs.outcome !== undefined)
    return isRanked(decision) ? `the one before ${failureText(decision)}` : `the primary ${failureText(decision)}`;
  if (isRanked(decision) && name.startsWith('registered')) return undefined;
  return reasons[name.split('/')[0] ?? ''];
}

const refusals: Readonly<Record<string, string>> = { 'not-registered': 'the line is not registered' };

function failedText(decision: Decision): string {
  const nowhere = decision.rule.includes('reject-is-final') ? ', which is final' : ' and no other server is to be tried';
  return `failed: the server ${failureText(decision)}${nowhere}`;
}

function requestText(decision: Decision): string | undefined {
  const { request, outcome, inputs, rule } = decision;
  if (request === undefined) return undefined;
  const what = request.method === 'INVITE' ? `call ${request.id}` : `${request.method} ${request.id}`;
  const why = routeReason(decision);
  switch (outcome.action) {
    case 'send':
      return `${what} goes to ${place(decision)}${why === undefined ? '' : `: ${why}`}`;
    case 'answer':
      return rule.startsWith('3.4')
        ? `${what}: redirected (${inputs.code}), following`
        : `${what}: ${place(decision)} asks who we are (${inputs.code}), answering`;
    case 'pin':
      return `${what} stays with ${place(decision)} until it ends`;
    case 'cancel':
      return `${what} is cancelled (${outcome.reason ?? 'by the caller'})`;
    case 'queue':
      return `${what} waits for a registration`;
    case 'refuse':
      return `${what} is refused with ${outcome.status}: ${refusals[outcome.reason ?? ''] ?? outcome.reason}`;
    case 'deliver':
      return `${what} ${failedText(decision)}`;
    default:
      return undefined;
  }
}

/** For what has no words of its own here. */
function plainText({ about, request, leg, outcome }: Decision): string {
  const what = request === undefined ? (leg ?? about) : `${request.method} ${request.id}`;
  const details = [outcome.status, outcome.leg, outcome.reason].filter((detail) => detail !== undefined);
  return `${what}: ${[outcome.action, ...details].join(' ')}`;
}

function sentenceOf(decision: Decision): string | undefined {
  switch (decision.about) {
    case 'registration':
      return registrationText(decision);
    case 'line':
      return lineTextOf(decision);
    case 'policy':
      return `mechanism refused: ${(decision.outcome.reason ?? '').replace(/(?<=\.) .*$/s, '')}`;
    default:
      return requestText(decision);
  }
}

/** Of a list: where it is and what is wrong with it, as briefly as a list of six needs it. */
function rankedText({ server, state, current, usable, downSinceMs, blockedUntilMs = 0 }: CandidateMark, nowMs: number): string {
  const parts = [
    current === true ? 'in use' : '',
    usable ? 'registered' : '',
    state === 'up' || downSinceMs === undefined ? '' : `down for ${spanText(nowMs - downSinceMs)}`,
    blockedUntilMs > nowMs ? `held back for ${spanText(blockedUntilMs - nowMs)}` : '',
  ].filter((text) => text !== '');
  return `${server} ${parts.join(', ') || 'up'}`;
}

function markText(mark: CandidateMark, nowMs: number): string {
  if (mark.rank !== undefined) return rankedText(mark, nowMs);
  const { leg, usable, bound, blockedUntilMs = 0, downSinceMs } = mark;
  const state = usable ? 'registered' : bound ? 'not renewed' : 'not registered';
  const down = !usable && downSinceMs !== undefined && nowMs - downSinceMs >= 1 ? ` for ${spanText(nowMs - downSinceMs)}` : '';
  const blocked = blockedUntilMs > nowMs ? `, held back for ${spanText(blockedUntilMs - nowMs)}` : '';
  return `${leg} ${state}${down}${blocked}`;
}

const moves: Readonly<Record<string, string>> = {
  refresh: 'renewal',
  retry: 'next try',
  expiry: 'expiry',
  fallback: 'return',
  'queue-timeout': 'given up',
};

/** Inputs that the sentence speaks of already, or that follow from it. */
const told = [
  ...['outcome', 'code', 'failures', 'bound', 'delayS', 'grantedS', 'expiryS', 'expiresAtMs'],
  ...['requestedS', 'minExpiresS', 'spreadS', 'asked', 'remedy', 'after', 'from', 'what', 'was', 'is'],
];

const inputTexts = ({ inputs }: Decision): readonly string[] =>
  Object.entries(inputs).flatMap(([name, value]) => (told.includes(name) ? [] : [`${name} ${value}`]));

/** The sentence alone. */
export const decisionSentence = (decision: Decision): string => sentenceOf(decision) ?? plainText(decision);

/** What was decided and what comes next, without the evidence. */
export function decisionWords(decision: Decision): string {
  const { next, atMs } = decision;
  const then = next === undefined ? '' : `; ${moves[next.what] ?? next.what} in ${spanText(next.atMs - atMs)}`;
  return `${decisionSentence(decision)}${then}`;
}

/** One line of text; the sentence first, dimmed behind it the rule and what the line knew. */
export function decisionText(decision: Decision, paint: Paint): string {
  const { atMs, rule, candidates } = decision;
  const marks = candidates.map((mark) => markText(mark, atMs));
  const isTurn = decision.outcome.leg === 'alternate' && decision.outcome.action === 'send';
  const isTrouble = [
    'wait',
    'reject',
    'lost',
    'out-of-service',
    'route-alternate',
    'route-lower',
    'refuse',
    'deliver',
    'refused-policy',
  ];
  const tint = isTurn || isTrouble.includes(decision.outcome.action) ? paint.yellow : (text: string) => text;
  return `${tint(decisionWords(decision))} ${paint.dim(`[${[rule, ...inputTexts(decision), ...marks].join('; ')}]`)}`;
}
