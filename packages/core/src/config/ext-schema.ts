import { z } from 'zod';
import { parametersOf } from './parameter.ts';

/**
 * Voice > Ext(n): every parameter of one line. Keys are the camel-cased web labels; `X …` are this project's own.
 * @source redundancy reference sections 3.1-3.3, 3.10
 */
const proxy = parametersOf('Voice > Ext(n) > Proxy and Registration');
const sip = parametersOf('Voice > Ext(n) > SIP Settings');
const subscriber = parametersOf('Voice > Ext(n) > Subscriber Information');
const feature = parametersOf('Voice > Ext(n) > Call Feature Settings');
const own = parametersOf('Offhook extensions (per line)');

const server = { range: 'host[:port][;transport=udp|tcp|tls] or a static list (name[:port]:SRV=… / :A=…)' };
const single = { range: 'host[:port][;transport=udp|tcp|tls]' };
const seconds = { unit: 's' };
const interval = { max: 65_535, unit: 's' };
const port = { max: 65_535 };

const proxyAndRegistration = {
  proxy: proxy.text(
    'Proxy',
    '',
    'line',
    'Server for all outbound requests. Without a port 5060, or 5061 for TLS. Empty: the line does not register.',
    server,
  ),
  outboundProxy: proxy.text('Outbound Proxy', '', 'line', 'First hop of every outbound request.', server),
  useOutboundProxy: proxy.yesNo(
    'Use Outbound Proxy',
    true,
    'line',
    'No clears Outbound Proxy (profiles written for adapters, D-32).',
  ),
  alternateProxy: proxy.text(
    'Alternate Proxy',
    '',
    'restart',
    'Second registrar and proxy. Ignored unless Dual Registration is Yes.',
    single,
  ),
  alternateOutboundProxy: proxy.text('Alternate Outbound Proxy', '', 'restart', 'First hop of the alternate leg.', single),
  useObProxyInDialog: proxy.yesNo(
    'Use OB Proxy In Dialog',
    true,
    'transaction',
    'Yes: requests inside a dialog go through the outbound proxy of the leg that created it.',
  ),
  register: proxy.yesNo('Register', true, 'line', 'Periodic registration. Ignored without Proxy.'),
  makeCallWithoutReg: proxy.yesNo('Make Call Without Reg', false, 'immediate', 'No: outgoing calls only while registered.'),
  ansCallWithoutReg: proxy.yesNo(
    'Ans Call Without Reg',
    false,
    'immediate',
    'No: inbound calls are not answered while unregistered.',
  ),
  registerExpires: proxy.integer(
    'Register Expires',
    3600,
    'line',
    'Requested lifetime of a registration. A lower granted value wins; after a 423 its Min-Expires counts.',
    {
      ...seconds,
      range: '1-2147483647, sensible 32-2000000',
    },
  ),
  useDnsSrv: proxy.yesNo('Use DNS SRV', false, 'line', 'SRV lookup for Proxy and Outbound Proxy.'),
  dnsSrvAutoPrefix: proxy.yesNo(
    'DNS SRV Auto Prefix',
    false,
    'line',
    'Puts _sip._udp., _sip._tcp. or _sips._tcp. before the name, by transport.',
  ),
  proxyFallbackIntvl: proxy.integer(
    'Proxy Fallback Intvl',
    3600,
    'transaction',
    'Delay after which the top server is tried again. 0: a line never leaves a working server. Needs ranked servers.',
    interval,
  ),
  proxyRedundancyMethod: proxy.choice(
    'Proxy Redundancy Method',
    ['Normal', 'Based on SRV Port'],
    'Normal',
    'line',
    'How an SRV answer becomes a list (D-16).',
  ),
  dualRegistration: proxy.yesNo(
    'Dual Registration',
    false,
    'restart',
    'Two registrations at once. Needs a primary and an alternate.',
  ),
  autoRegisterWhenFailover: proxy.yesNo(
    'Auto Register When Failover',
    false,
    'transaction',
    'Yes: re-REGISTER on failover and on recovery (D-02).',
  ),
  tlsNameValidate: proxy.yesNo(
    'TLS Name Validate',
    true,
    'line',
    "The server's certificate must carry its name. A failed check is a transport failure.",
  ),
  survivabilityProxy: proxy.text('Survivability Proxy', '', 'line', 'Site gateways, always ranked below the normal servers.', {
    range: 'host[:port][:A=ip,ip…][|host2…]',
  }),
  survivabilityProxyFallbackIntvl: proxy.integer(
    'Survivability Proxy Fallback Intvl',
    30,
    'transaction',
    'Interval between attempts to leave the gateway tier.',
    interval,
  ),
};

const sipSettings = {
  sipTransport: sip.choice(
    'SIP Transport',
    ['UDP', 'TCP', 'TLS', 'AUTO'],
    'UDP',
    'line',
    'AUTO: chosen from NAPTR, highest ranked first.',
  ),
  sipPort: sip.integer('SIP Port', 5060, 'line', 'Local UDP port.', port),
  extSipPort: sip.integer('EXT SIP Port', 5060, 'line', 'Externally mapped port.', port),
  authResyncReboot: sip.yesNo('Auth Resync-Reboot', true, 'immediate', 'Challenge NOTIFY resync, reboot, report, restart.'),
  authInvite: sip.yesNo('Auth INVITE', false, 'immediate', 'Challenge an initial inbound INVITE.'),
  sipProxyRequire: sip.text('SIP Proxy-Require', '', 'transaction', 'Adds the Proxy-Require header.'),
  sip100relEnable: sip.yesNo(
    'SIP 100REL Enable',
    false,
    'transaction',
    "Reliable provisional responses; PRACK stays on the dialog's hop.",
  ),
  natMappingEnable: sip.yesNo('NAT Mapping Enable', false, 'line', 'Use the mapped address in Via, Contact and SDP.'),
  natKeepAliveEnable: sip.yesNo('NAT Keep Alive Enable', false, 'immediate', 'Periodic keepalive.'),
  natKeepAliveMsg: sip.text(
    'NAT Keep Alive Msg',
    '$NOTIFY',
    'immediate',
    '$NOTIFY, $REGISTER (REGISTER without Contact) or literal text.',
  ),
  natKeepAliveDest: sip.text('NAT Keep Alive Dest', '$PROXY', 'immediate', '$PROXY follows the server in use.', {
    range: '$PROXY or host[:port]',
  }),
};

const subscriberInformation = {
  displayName: subscriber.text('Display Name', '', 'transaction', 'Caller-ID name.'),
  userId: subscriber.text('User ID', '', 'line', 'User part of the address-of-record. Empty: the line is not configured.'),
  password: subscriber.text('Password', '', 'line', 'Digest secret, towards primary and alternate (D-34).', {
    secret: true,
    range: 'text, or a reference { env: NAME } or { file: path }',
  }),
  authId: subscriber.text('Auth ID', '', 'line', 'Digest user name. Empty: User ID.'),
  useAuthId: subscriber.yesNo('Use Auth ID', true, 'line', 'No clears Auth ID (profiles written for adapters).'),
  sipUri: subscriber.text('SIP URI', '', 'line', 'Overrides the address-of-record; without @ the local address is appended.'),
};

/** @source Cisco 7832 Multiplatform administration guide 11.3, chapter Voicemail Configuration */
const callFeatures = {
  voiceMailServer: feature.text(
    'Voice Mail Server',
    '',
    'line',
    'Whom the line asks about messages waiting: the Request-URI of its SUBSCRIBE. Empty: it does not subscribe.',
    { range: 'host[:port], user@host[:port] or a SIP URI; $USER and $PROXY stand for User ID and Proxy' },
  ),
  voiceMailSubscribeInterval: feature.integer(
    'Voice Mail Subscribe Interval',
    86_400,
    'line',
    'Requested lifetime of that subscription. 0: 86400.',
    { max: 86_400, unit: 's' },
  ),
  voiceMailEnable: feature.yesNo('Voice Mail Enable', true, 'line', 'No: the line does not subscribe.'),
};

const extensions = {
  preferredCodecs: own.list(
    'Preferred Codecs',
    ['PCMU', 'PCMA', 'G722', 'telephone-event'],
    ['PCMU', 'PCMA', 'telephone-event'],
    'transaction',
    'Codecs of an SDP offer, best first.',
    { xml: 'X_Preferred_Codecs' },
  ),
  xMechanism: own.text(
    'X Mechanism',
    'auto',
    'restart',
    'Which fallback mechanism rules the line: auto (Dual Registration if on, else the ranked list) or a name.',
    { range: "auto or a mechanism's name" },
  ),
  xFallbackClock: own.choice(
    'X Fallback Clock',
    ['nominal', 'refresh'],
    'nominal',
    'transaction',
    'What a fallback instant is counted from (D-03).',
  ),
  xTcpReconnectGrace: own.integer(
    'X Tcp Reconnect Grace',
    0,
    'transaction',
    'Time to try the same server again after it closed a connection, before failing over (D-23).',
    seconds,
  ),
  xPrimarySuspectHold: own.integer(
    'X Primary Suspect Hold',
    0,
    'transaction',
    'Dual only: how long the primary is skipped after an INVITE timed out there (D-14).',
    seconds,
  ),
  xFallbackSpread: own.integer(
    'X Fallback Spread',
    0,
    'transaction',
    'Random delay of at most this, added to every fallback instant.',
    seconds,
  ),
  xFallbackHold: own.integer('X Fallback Hold', 0, 'transaction', 'Consecutive successful probes required before a fallback.', {
    unit: 'probes',
  }),
  xKeepaliveFailover: own.yesNo(
    'X Keepalive Failover',
    false,
    'immediate',
    'Three keepalives without an answer in a row are a transport failure of that server.',
  ),
  xResubscribeOnMove: own.yesNo('X Resubscribe On Move', true, 'transaction', 'New subscriptions at once when the route moves.'),
};

export const extSchema = z.strictObject({
  ...proxyAndRegistration,
  ...sipSettings,
  ...subscriberInformation,
  ...callFeatures,
  ...extensions,
});

/** Voice > Ext(n), values in the manual's units (seconds). */
export type ExtConfig = Readonly<z.output<typeof extSchema>>;
