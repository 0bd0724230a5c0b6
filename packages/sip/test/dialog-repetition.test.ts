import { describe, expect, it } from 'vitest';
import { parsed } from './support/bench.ts';
import { answer, callUp, createPair, listen, type Pair, type Phone } from './support/dialog-pair.ts';

/** A 2xx of another fork of the last INVITE. */
function fork(pair: Pair, tag: string): string {
  const [ok] = pair.all('200 INVITE');
  const own = ok?.message.to.params.get('tag') ?? '';
  return (ok?.text ?? '').replace(`;tag=${own}`, `;tag=${tag}`).replace(/Contact: <[^>]*>/, `Contact: <sip:${tag}@192.0.2.2>`);
}

/** An ACK to alice's call, as bob's network would see it lost. */
const withoutAck = (pair: Pair): void => {
  pair.lose = ({ label }) => label === 'ACK';
};

describe('a 2xx (RFC 3261 section 13.3.1.4)', () => {
  it('is repeated from T1 to T2 until its ACK comes, and each copy is acknowledged again with the same ACK (T7)', () => {
    const pair = createPair();
    withoutAck(pair);
    callUp(pair);
    pair.run(6);
    expect(pair.all('200 INVITE').map(({ atS }) => atS)).toEqual([0, 0.5, 1.5, 3.5]);
    expect(pair.all('ACK').map(({ atS }) => atS)).toEqual([0, 0.5, 1.5, 3.5]);
    expect(new Set(pair.all('ACK').map(({ text }) => text)).size).toBe(1);
    pair.lose = undefined;
    pair.run(60);
    expect(pair.all('200 INVITE').map(({ atS }) => atS)).toEqual([0, 0.5, 1.5, 3.5, 7.5]);
  });

  it('is paced by the T1 and T2 of the line', () => {
    const pair = createPair({ timers: { t1Ms: 100, t2Ms: 400 } });
    withoutAck(pair);
    callUp(pair);
    pair.run(1.6);
    expect(pair.all('200 INVITE').map(({ atS }) => Math.round(atS * 1000))).toEqual([0, 100, 300, 700, 1100, 1500]);
  });

  it('without an ACK for 64*T1 ends the call with a BYE', () => {
    const pair = createPair();
    withoutAck(pair);
    const { callee } = callUp(pair);
    const heard = listen(callee);
    pair.run(31.9);
    expect(pair.all('BYE')).toHaveLength(0);
    pair.run(33);
    expect(pair.all('BYE').map(({ atS, from }) => [from, Math.round(atS)])).toEqual([['bob', 32]]);
    expect(heard).toEqual([{ type: 'lost', reason: 'no-ack' }]);
    pair.ambient.runToRest();
    expect(pair.bob.dialogs.isIdle).toBe(true);
  });

  it('that the callee hangs up gets its BYE only after the ACK (section 15)', () => {
    const pair = createPair();
    withoutAck(pair);
    const { callee } = callUp(pair);
    callee.bye();
    pair.run(1);
    expect(pair.all('BYE')).toHaveLength(0);
    pair.lose = undefined;
    pair.run(2);
    expect(pair.story().slice(-3)).toEqual(['alice ACK', 'bob BYE', 'alice 200 BYE']);
  });

  it('is not lost to a peer whose ACK reuses the branch of its INVITE', () => {
    const pair = createPair();
    const branch = 'z9hG4bKone';
    const head = (method: string, to: string) =>
      `${method} sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=${branch}\r\nFrom: <sip:c@x>;tag=c\r\nTo: <sip:bob@x>${to}\r\nCall-ID: one\r\nCSeq: 1 ${method}\r\nContact: <sip:c@192.0.2.1>\r\nContent-Length: 0\r\n\r\n`;
    pair.bob.inject(head('INVITE', ''));
    const session = pair.bob.incoming[0]?.accept(answer);
    if (session === undefined) throw new Error('not accepted');
    const heard = listen(session);
    pair.bob.inject(head('ACK', `;tag=${pair.all('200 INVITE')[0]?.message.to.params.get('tag')}`));
    pair.run(40);
    expect(heard).toEqual([{ type: 'acked' }]);
    expect(pair.all('200 INVITE')).toHaveLength(1);
  });
});

describe('forks (RFC 3261 section 13.2.2.4)', () => {
  it('first 2xx is the call; another is acknowledged and hung up, and the call stays', () => {
    const pair = createPair();
    const { caller, call } = callUp(pair);
    const heard = listen(caller);
    pair.lose = ({ label, message }) => label === 'BYE' && message.to.params.get('tag') === 'other';
    pair.alice.inject(fork(pair, 'other'));
    pair.run(0.1);
    const [ack, bye] = pair.wire.slice(-2);
    expect([ack, bye].map((carried) => [carried?.label, carried?.message.to.params.get('tag')])).toEqual([
      ['ACK', 'other'],
      ['BYE', 'other'],
    ]);
    expect(bye?.message).toMatchObject({ uri: 'sip:other@192.0.2.2' });
    expect(call.heard).toEqual(['180', 'accepted']);
    expect(heard).toEqual([]);
  });

  it('of which there are too many get no dialog', () => {
    const pair = createPair();
    callUp(pair);
    pair.lose = () => true;
    for (let i = 0; i < 20; i++) pair.alice.inject(fork(pair, `fork-${i}`));
    pair.run(0.1);
    expect(pair.all('BYE')).toHaveLength(7);
  });

  it('early dialogs of two forks are told apart', () => {
    const pair = createPair();
    const call = pair.alice.call();
    pair.run(0);
    pair.bob.incoming[0]?.progress(180);
    pair.run(0);
    const [ringing] = pair.all('180 INVITE');
    const tag = ringing?.message.to.params.get('tag') ?? '';
    pair.alice.inject((ringing?.text ?? '').replace(`;tag=${tag}`, ';tag=second'));
    const dialog = (to: string) => ({
      callId: 'alice-1',
      from: { params: new Map([['tag', to]]) },
      to: { params: new Map([['tag', 'alice-tag-1']]) },
    });
    const owns = (to: string) => pair.alice.dialogs.owns(dialog(to) as unknown as Parameters<Phone['dialogs']['owns']>[0]);
    expect([owns(tag), owns('second'), owns('third')]).toEqual([true, true, false]);
    expect(call.heard).toEqual(['180', '180']);
  });
});

describe('late answers', () => {
  it('a 2xx after Timer B is hung up by the layer and not told (RED-46)', () => {
    const pair = createPair();
    let kept: string | undefined;
    pair.lose = ({ from, label, text }) => {
      if (label === '200 INVITE') kept = text;
      return from === 'bob';
    };
    const call = pair.alice.call();
    pair.run(0);
    pair.bob.incoming[0]?.accept(answer);
    pair.run(16);
    expect(call.heard).toEqual(['failed no-response']);
    pair.lose = undefined;
    pair.alice.inject(kept ?? '');
    pair.run(17);
    expect(
      pair
        .story()
        .filter((line) => /ACK|BYE/.test(line))
        .slice(0, 2),
    ).toEqual(['alice ACK', 'alice BYE']);
    expect(call.heard).toEqual(['failed no-response']);
  });

  it('a 180 after Timer B is cancelled (RED-47)', () => {
    const pair = createPair();
    let kept: string | undefined;
    pair.lose = ({ from, label, text }) => {
      if (label === '180 INVITE') kept = text;
      return from === 'bob';
    };
    pair.alice.call();
    pair.run(0);
    pair.bob.incoming[0]?.progress(180);
    pair.run(16);
    pair.lose = undefined;
    pair.alice.inject(kept ?? '');
    pair.run(17);
    expect(pair.all('CANCEL')).toHaveLength(1);
  });

  it('a refused call that is repeated by another leg is the same call (D-21): Call-ID, From tag and CSeq stay, the branch does not', () => {
    const pair = createPair();
    const first = pair.alice.call();
    pair.run(0);
    pair.bob.incoming[0]?.reject(503);
    pair.run(1);
    pair.alice.call({ callId: 'alice-1', fromTag: 'alice-tag-1', cseq: first.invite.cseq });
    const [one, two] = pair.all('INVITE').map(({ text }) => parsed(Buffer.from(text)));
    expect([two?.callId, two?.header('From'), two?.cseq]).toEqual([one?.callId, one?.header('From'), one?.cseq]);
    expect(two?.via.branch).not.toBe(one?.via.branch);
  });
});
