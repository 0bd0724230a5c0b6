import { z } from 'zod';
import { parametersOf } from './parameter.ts';

/**
 * What all lines of a phone share: Voice > SIP, Voice > System.
 * @source redundancy reference sections 3.4-3.7, 3.9, 3.10
 */
const sip = parametersOf('Voice > SIP > SIP Parameters');
const timers = parametersOf('Voice > SIP > SIP Timer Values (sec)');
const codes = parametersOf('Voice > SIP > Response Status Code Handling');
const nat = parametersOf('Voice > SIP > NAT Support');
const system = parametersOf('Voice > System');
const provisioning = parametersOf('Voice > Provisioning');
const own = parametersOf('Offhook extensions (phone)');

const timer = { max: 64, unit: 's' };
const seconds = { unit: 's' };
const callExpiry = { max: 2_000_000, unit: 's' };
const port = { min: 1, max: 65_535 };
const template = { range: 'codes with ? and *, comma-separated, at most 39 characters' };

const sipParameters = {
  maxForward: sip.integer('Max Forward', 70, 'transaction', 'Max-Forwards of new requests.', { min: 1, max: 255 }),
  maxRedirection: sip.integer(
    'Max Redirection',
    5,
    'transaction',
    '3xx hops per INVITE; one more ends the call and never fails over.',
    { max: 255 },
  ),
  maxAuth: sip.integer('Max Auth', 2, 'transaction', 'Challenges answered per request before 401 or 407 becomes final.', {
    max: 255,
  }),
  removeLastReg: sip.yesNo(
    'Remove Last Reg',
    false,
    'transaction',
    'Remove the previous binding after a new, different one is made (D-08).',
  ),
  sipTcpPortMin: sip.integer('SIP TCP Port Min', 5060, 'line', 'Lowest local TCP and TLS port.', port),
  sipTcpPortMax: sip.integer('SIP TCP Port Max', 5080, 'line', 'Highest local TCP and TLS port.', port),
  sipIpPreference: sip.choice('SIP IP Preference', ['IPv4', 'IPv6'], 'IPv4', 'line', 'Family tried first inside each priority.'),
  sdpIpPreference: sip.choice(
    'SDP IP Preference',
    ['IPv4', 'IPv6', 'Auto'],
    'IPv4',
    'transaction',
    'Auto: the family of the registration in use.',
  ),
  sipUserAgentName: sip.text('SIP User Agent Name', '$VERSION', 'transaction', 'User-Agent header.'),
  sipRegUserAgentName: sip.text(
    'SIP Reg User Agent Name',
    '',
    'transaction',
    'User-Agent header of REGISTER; empty: SIP User Agent Name.',
  ),
};

const timerValues = {
  sipT1: timers.decimal('SIP T1', 0.5, 'transaction', 'First retransmission interval.', timer),
  sipT2: timers.decimal('SIP T2', 4, 'transaction', 'Cap of non-INVITE retransmission.', timer),
  sipT4: timers.decimal('SIP T4', 5, 'transaction', 'Longest life of a message in the network.', timer),
  sipTimerB: timers.decimal(
    'SIP Timer B',
    16,
    'transaction',
    'INVITE without a provisional response: the failover instant.',
    timer,
  ),
  sipTimerF: timers.decimal(
    'SIP Timer F',
    16,
    'transaction',
    'Other request without an answer: the failover instant; also in the refresh formula.',
    timer,
  ),
  sipTimerH: timers.decimal('SIP Timer H', 16, 'transaction', 'Wait for ACK.', timer),
  sipTimerD: timers.decimal('SIP Timer D', 16, 'transaction', 'Absorbs retransmitted final responses to INVITE.', timer),
  sipTimerJ: timers.decimal('SIP Timer J', 16, 'transaction', 'Absorbs retransmitted other requests.', timer),
  inviteExpires: timers.integer('INVITE Expires', 240, 'transaction', 'Expires header of INVITE; 0 leaves it out.', callExpiry),
  reinviteExpires: timers.integer(
    'ReINVITE Expires',
    30,
    'transaction',
    'Expires header of a re-INVITE; 0 leaves it out.',
    callExpiry,
  ),
  regMinExpires: timers.integer('Reg Min Expires', 1, 'transaction', 'Lower clamp on a granted expiry.', { ...seconds, min: 1 }),
  regMaxExpires: timers.integer(
    'Reg Max Expires',
    7200,
    'transaction',
    'Upper clamp on a granted expiry and on the Min-Expires of a 423.',
    { ...seconds, min: 1 },
  ),
  regRetryIntvl: timers.integer('Reg Retry Intvl', 30, 'transaction', 'Short retry after a failed REGISTER. Must not be 0.', {
    ...seconds,
    range: '1-2147483647',
  }),
  regRetryLongIntvl: timers.integer(
    'Reg Retry Long Intvl',
    1200,
    'transaction',
    'Retry when the code does not match Retry Reg RSC. 0: give up.',
    seconds,
  ),
  regRetryRandomDelay: timers.integer(
    'Reg Retry Random Delay',
    0,
    'transaction',
    'Random addition to the short interval, at most.',
    seconds,
  ),
  regRetryLongRandomDelay: timers.integer(
    'Reg Retry Long Random Delay',
    0,
    'transaction',
    'Random addition to the long interval, at most.',
    seconds,
  ),
  regRetryIntvlCap: timers.integer(
    'Reg Retry Intvl Cap',
    0,
    'transaction',
    '0: no back-off. Otherwise the short interval doubles per failure up to this.',
    seconds,
  ),
  subMinExpires: timers.integer('Sub Min Expires', 10, 'transaction', 'Lower clamp on a granted subscription (C-10).', seconds),
  subMaxExpires: timers.integer('Sub Max Expires', 7200, 'transaction', 'Upper clamp on a granted subscription (C-10).', seconds),
  subRetryIntvl: timers.integer('Sub Retry Intvl', 10, 'transaction', 'Retry after a failed SUBSCRIBE.', seconds),
};

const statusCodes = {
  tryBackupRsc: codes.text(
    'Try Backup RSC',
    '',
    'transaction',
    'Final response codes that make the current request go to a backup server.',
    template,
  ),
  retryRegRsc: codes.text(
    'Retry Reg RSC',
    '',
    'transaction',
    'REGISTER failure codes that use the short retry; all others use the long one (D-05, D-06).',
    template,
  ),
};

const natSupport = {
  handleViaReceived: nat.yesNo(
    'Handle VIA received',
    false,
    'line',
    'Learn the mapped address from the received parameter of responses.',
  ),
  handleViaRport: nat.yesNo('Handle VIA rport', false, 'line', 'Learn the mapped port from the rport parameter of responses.'),
  insertViaReceived: nat.yesNo('Insert VIA received', false, 'transaction', 'Put the received parameter into our responses.'),
  insertViaRport: nat.yesNo('Insert VIA rport', false, 'transaction', 'Put the rport parameter into our responses.'),
  substituteViaAddr: nat.yesNo('Substitute VIA Addr', false, 'line', 'Use the mapped address in Via.'),
  sendRespToSrcPort: nat.yesNo('Send Resp To Src Port', false, 'transaction', 'Answer to the source port.'),
  natKeepAliveIntvl: nat.integer('NAT Keep Alive Intvl', 15, 'immediate', 'Keepalive period; 0: off.', {
    max: 65_535,
    unit: 's',
  }),
  extIp: nat.text('EXT IP', '', 'line', 'Externally mapped address; superseded by STUN and Via results.'),
  stunEnable: nat.yesNo('STUN Enable', false, 'line', 'Learn the mapped address by STUN.'),
  stunServer: nat.text('STUN Server', '', 'line', 'STUN server.', { range: 'host[:port]' }),
};

const systemSettings = {
  ipMode: system.choice(
    'IP Mode',
    ['Dual', 'IPv4 only', 'IPv6 only'],
    'Dual',
    'line',
    'Families of the addresses that servers are reached at.',
  ),
  survivabilityTestMode: system.yesNo(
    'Survivability Test Mode',
    false,
    'line',
    'Yes: lines with a Survivability Proxy use it alone.',
  ),
};

const provisioningSettings = {
  forcedResyncDelay: provisioning.integer(
    'Forced Resync Delay',
    14_400,
    'immediate',
    'How long a change waits at most for the last call of a line to end.',
    seconds,
  ),
};

const extensions = {
  xDefaultsPreset: own.choice(
    'X Defaults Preset',
    ['seed', 'mpp-11.3'],
    'seed',
    'restart',
    'Which documented generation of defaults and fallback clocks holds (D-02, D-03, D-04).',
  ),
  xInitialRegSpread: own.integer('X Initial Reg Spread', 0, 'restart', 'Random start delay over all lines, at most.', seconds),
};

export const phoneSchema = z.strictObject({
  ...sipParameters,
  ...timerValues,
  ...statusCodes,
  ...natSupport,
  ...systemSettings,
  ...provisioningSettings,
  ...extensions,
});

/** Voice > SIP and Voice > System: one frozen object for all lines of a phone, values in the manual's units (seconds). */
export type PhoneConfig = Readonly<z.output<typeof phoneSchema>>;
