import type { LineFacts, MechanismFactory, MechanismManifest, RouteEvent, RouteVerdict } from '@offhook/core';

/** Spares a server that asked for a pause: until its Retry-After is over, new requests end here instead of adding to its load. */
const name = 'my-policy';
const source = 'RFC 3261 section 21.5.4, kept for all requests';

export const manifest: MechanismManifest = Object.freeze<MechanismManifest>({
  name,
  kind: 'mechanism',
  api: 1,
  title: 'My policy',
  claims: ({ ext }) =>
    ext.xMechanism === name
      ? [
          {
            aspect: 'route',
            hold: 'exclusive',
            because: 'My policy says where new requests go (docs/plugins.md)',
            remedy: 'Set X Mechanism to auto.',
            parameter: 'xMechanism',
          },
        ]
      : [],
});

const refuse = (status: number, reason: string): RouteVerdict => ({
  next: 'refuse',
  status,
  reason,
  rule: `${name}:${reason}`,
  source,
});

function decide({ nowMs, candidates: [server], ...line }: LineFacts, { type }: RouteEvent): RouteVerdict {
  if (type === 'request.failed') return { next: 'deliver', rule: `${name}:failed`, source };
  if (server === undefined) return refuse(480, 'no-server');
  if (server.blockedUntilMs !== undefined && server.blockedUntilMs > nowMs) return refuse(503, 'pause');
  const maySend = server.bound || line.makeCallWithoutReg || !line.registers;
  return maySend ? { next: 'send', leg: server.leg, rule: `${name}:send`, source } : refuse(480, 'not-registered');
}

export const create: MechanismFactory = () => ({ manifest, decide });
