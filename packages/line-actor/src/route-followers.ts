import type { Leg } from '@offhook/core';
import type { ServerTransaction } from '@offhook/sip';
import { createKeepalive, type Keepalive } from './keepalive.ts';
import type { RunningLeg } from './leg.ts';
import type { LineScope } from './line-scope.ts';
import { outcomeAt } from './shared-words.ts';
import { createSubscriptions, type MailboxStatus, type Subscriptions } from './subscriptions.ts';

/** What follows the route of a line: subscriptions (6.8) and keepalives (6.9). */
export interface RouteFollowers {
  /** The line chart entered a state. */
  lineState(state: string): void;
  /** A leg's registration is another one; so is that of a leg that registered once more. */
  legChanged(leg: RunningLeg): void;
  /** An INVITE was accepted there. @source D-13: subscriptions move with the last successful INVITE route */
  inviteAccepted(leg: Leg): void;
  /** Of a ranked list: that server holds the registration now. */
  registeredAt(server: string): void;
  /** Of a ranked list: new requests go to another server. */
  routeMoved(): void;
  /** The Contact is another one: the server of a subscription has to learn it. */
  contactMoved(): void;
  notify(server: ServerTransaction): boolean;
  /** Other parameters count: keepalives begin anew with them. */
  configure(): void;
  subscriptions(): readonly MailboxStatus[];
  /** The line ends or restarts: subscriptions are withdrawn, keepalives end. */
  stop(): void;
  dispose(): void;
}

const routes: Readonly<Record<string, Leg>> = {
  'single.onTop': 'primary',
  'dual.onTop': 'primary',
  'dual.failedOver': 'alternate',
  'list.onTop': 'primary',
  'list.failedOver': 'primary',
};

/** Undefined for a line that has nothing to follow its route with. */
export function createRouteFollowers(line: LineScope): RouteFollowers | undefined {
  const subscriptions: Subscriptions | undefined = createSubscriptions(line);
  const keeps = (): boolean => line.config.ext.natKeepAliveEnable && line.config.phone.natKeepAliveIntvl > 0;
  if (subscriptions === undefined && !keeps()) return undefined;
  const keepalives = new Map<RunningLeg, Keepalive>();
  let isOver = false;

  function keepAlive(leg: RunningLeg): void {
    if (!keeps() || isOver) return;
    const known = keepalives.get(leg) ?? createKeepalive({ line, leg, onDead: (missed) => declareDead(leg, missed) });
    if (known === undefined) return;
    keepalives.set(leg, known);
    known.start();
  }

  /** The connection counts as lost: the leg is not usable until it has registered again. @source redundancy 3.10, 6.2, D-48 */
  function declareDead(leg: RunningLeg, missed: number): void {
    const { identity, hops } = line.placeNow(leg);
    const outcome = outcomeAt(identity, 'transport-down');
    const source = 'redundancy 6.2, 6.9; manual: X Keepalive Failover';
    line.note({ about: 'registration', rule: '6.9:missed', source, leg: leg.leg, inputs: { missed }, outcome });
    hops.forget();
    if (line.list === undefined) leg.send({ type: 'transport.down' });
    else line.list.currentFailed();
  }

  function endKeepalives(): void {
    for (const each of keepalives.values()) each.stop();
    keepalives.clear();
  }

  return {
    lineState(state) {
      const leg = routes[state];
      if (leg === undefined) return state.endsWith('outOfService') ? subscriptions?.registrationLost() : undefined;
      isOver = false;
      // A line that registers nowhere has no leg to say that it is there.
      if (line.legs.every((each) => each.state() === 'off')) for (const each of line.legs) keepAlive(each);
      subscriptions?.start();
      subscriptions?.routeMoved({ leg });
    },
    legChanged(leg) {
      if (leg.mark().bound) keepAlive(leg);
      const isRegistered = leg.leg === 'primary' && leg.state() === 'registered' && leg.mark().usable;
      if (isRegistered) subscriptions?.routeMoved({ leg: 'primary' });
    },
    inviteAccepted: (leg) => subscriptions?.routeMoved({ leg }),
    registeredAt: (server) => subscriptions?.routeMoved({ leg: 'primary', server }),
    routeMoved() {
      for (const each of keepalives.values()) each.moved();
    },
    contactMoved: () => subscriptions?.contactMoved(),
    notify: (server) => subscriptions?.notify(server) ?? false,
    subscriptions: () => subscriptions?.list() ?? [],
    configure() {
      endKeepalives();
      for (const leg of line.legs) if (leg.mark().bound) keepAlive(leg);
    },
    stop() {
      isOver = true;
      subscriptions?.stop();
      endKeepalives();
    },
    dispose() {
      subscriptions?.dispose();
      endKeepalives();
    },
  };
}
