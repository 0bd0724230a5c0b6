import type { DialogFacts } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { OfferReply, ReinviteResult, Session, SessionEvent } from '../src/dialog/dialog.types.ts';
import { answer, callUp, createPair, listen, offer, type Pair, type PairOptions } from './support/dialog-pair.ts';

/* A dialog goes on with another owner, who knows nothing of it but its facts. ADR 0010. */

const jump = 100;
const kept = (facts: DialogFacts): DialogFacts => JSON.parse(JSON.stringify({ ...facts, localSeq: facts.localSeq + jump }));

interface TakenOver {
  readonly pair: Pair;
  /** The side that was taken over, and the other one. */
  readonly ours: Session;
  readonly theirs: Session;
  readonly heard: SessionEvent[];
}

/** A call that is up; then `who` is another process. */
function takenOver(who: 'alice' | 'bob', options?: PairOptions): TakenOver {
  const pair = createPair(options);
  const { caller, callee } = callUp(pair);
  const [mine, theirs] = who === 'alice' ? [caller, callee] : [callee, caller];
  const facts = kept(mine.facts());
  pair.wire.length = 0;
  const phone = pair.takeOver(who);
  const ours = phone.dialogs.restore(facts, phone.hop);
  return { pair, ours, theirs, heard: listen(ours) };
}

const reply = (session: Session, how: OfferReply): void => {
  session.onEvent = (event) => event.type === 'offer' && event.respond(how);
};

function reinvite(session: Session): ReinviteResult[] {
  const results: ReinviteResult[] = [];
  session.reinvite(offer, [], (result) => results.push(result));
  return results;
}

describe.each(['alice', 'bob'] as const)('the dialog of %s, taken over', (who) => {
  const far = who === 'alice' ? 'bob' : 'alice';

  it('answers BYE with 200', () => {
    const { pair, theirs, heard } = takenOver(who);
    theirs.bye();
    pair.run(1);
    expect(pair.story()).toEqual([`${far} BYE`, `${who} 200 BYE`]);
    expect(heard).toEqual([{ type: 'bye' }]);
  });

  it('says BYE with a number above all that its earlier owner can have sent', () => {
    const { pair, ours, theirs } = takenOver(who);
    const told = listen(theirs);
    ours.bye();
    pair.run(1);
    expect(pair.story()).toEqual([`${who} BYE`, `${far} 200 BYE`]);
    expect(pair.wire[0]?.message).toMatchObject({
      uri: `sip:${far}@${far === 'bob' ? '192.0.2.2' : '192.0.2.1'}:5060`,
      cseq: { number: who === 'alice' ? 102 : 101, method: 'BYE' },
    });
    expect(told).toEqual([{ type: 'bye' }]);
  });

  it('answers a re-INVITE with its own Contact, and knows the new target', () => {
    const { pair, ours, theirs } = takenOver(who);
    let changes = 0;
    ours.onChange = () => void changes++;
    reply(ours, { sdp: answer });
    const results = reinvite(theirs);
    pair.run(1);
    expect(pair.story()).toEqual([`${far} INVITE`, `${who} 200 INVITE`, `${far} ACK`]);
    expect(pair.wire[1]?.message.header('Contact')).toMatch(new RegExp(`^<sip:${who}@`));
    expect(results).toEqual([{ ok: true, sdp: answer }]);
    expect(ours.facts()).toMatchObject({ remoteSeq: pair.wire[0]?.message.cseq.number });
    expect(changes).toBe(1);
  });

  it('refuses an offer it cannot take, and the dialog goes on', () => {
    const { pair, ours, theirs } = takenOver(who);
    reply(ours, { status: 488 });
    expect(reinvite(theirs)).toEqual([]);
    pair.run(1);
    reply(ours, { sdp: answer });
    const again = reinvite(theirs);
    pair.run(2);
    expect(again).toEqual([{ ok: true, sdp: answer }]);
  });

  it('offers anew itself, again and again', () => {
    const { pair, ours, theirs } = takenOver(who);
    reply(theirs, { sdp: answer });
    const first = reinvite(ours);
    pair.run(1);
    const second = reinvite(ours);
    pair.run(2);
    expect([...first, ...second]).toEqual([
      { ok: true, sdp: answer },
      { ok: true, sdp: answer },
    ]);
    expect(pair.all('INVITE').map(({ message }) => message.cseq.number)).toEqual(who === 'alice' ? [102, 103] : [101, 102]);
    expect(ours.facts().localSeq).toBe(who === 'alice' ? 103 : 102);
  });

  it('leaves nothing behind', () => {
    const { pair, ours } = takenOver(who);
    ours.bye();
    pair.ambient.runToRest();
    expect(pair.ambient.pending).toBe(0);
    expect([pair.alice.layer.size, pair.bob.layer.size]).toEqual([0, 0]);
    expect([pair.alice.dialogs.isIdle, pair.bob.dialogs.isIdle]).toEqual([true, true]);
  });
});

describe('the numbers of a dialog that was taken over', () => {
  const bye = (facts: DialogFacts, number: number, branch = 'z9hG4bKlate'): string =>
    `BYE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=${branch}\r\nFrom: <${facts.remoteUri}>;tag=${facts.remoteTag}\r\nTo: <${facts.localUri}>;tag=${facts.localTag}\r\nCall-ID: ${facts.callId}\r\nCSeq: ${number} BYE\r\nContent-Length: 0\r\n\r\n`;

  it('a request below the latest one of the far side is answered 500', () => {
    const pair = createPair();
    const { caller } = callUp(pair);
    const facts = { ...kept(caller.facts()), remoteSeq: 7 };
    const alice = pair.takeOver('alice');
    const heard = listen(alice.dialogs.restore(facts, alice.hop));
    alice.inject(bye(facts, 6));
    expect(pair.story().at(-1)).toBe('alice 500 BYE');
    expect(heard).toEqual([]);
    alice.inject(bye(facts, 8, 'z9hG4bKnext'));
    expect(pair.story().at(-1)).toBe('alice 200 BYE');
    expect(heard).toEqual([{ type: 'bye' }]);
  });

  it('what the earlier owner still sends comes too late', () => {
    const { pair, ours, theirs } = takenOver('alice');
    reply(theirs, { sdp: answer });
    reinvite(ours);
    pair.run(1);
    const facts = theirs.facts();
    pair.bob.inject(bye(facts, 2));
    expect(pair.story().at(-1)).toBe('bob 500 BYE');
  });

  it('a repeated request gets the same answer', () => {
    const { pair, theirs, heard } = takenOver('alice');
    let lost = 0;
    pair.lose = ({ label }) => label === '200 BYE' && lost++ < 2;
    theirs.bye();
    pair.run(5);
    expect(pair.all('BYE')).toHaveLength(3);
    expect(pair.all('200 BYE')).toHaveLength(3);
    expect(heard).toEqual([{ type: 'bye' }]);
  });
});

describe('a dialog that was taken over', () => {
  it('follows its route set, and answers a challenge', () => {
    const pair = createPair();
    const { caller } = callUp(pair);
    const routeSet = ['<sip:192.0.2.2;lr>', '<sip:192.0.2.9;lr>'];
    const facts = { ...kept(caller.facts()), routeSet };
    const alice = pair.takeOver('alice');
    let challenged = 0;
    pair.bob.intercept = (message) => {
      if (message.kind !== 'request' || message.method !== 'BYE' || challenged++ > 0) return false;
      const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${message.header(name)}\r\n`).join('');
      const challenge = 'Proxy-Authenticate: Digest realm="r", nonce="n", algorithm=MD5, qop="auth"\r\n';
      alice.inject(`SIP/2.0 407 Who are you\r\n${copied}${challenge}Content-Length: 0\r\n\r\n`);
      return true;
    };
    alice.dialogs.restore(facts, alice.hop).bye();
    pair.run(1);
    const byes = pair.all('BYE').map(({ message }) => message);
    expect(byes.map(({ cseq }) => cseq.number)).toEqual([102, 103]);
    for (const each of byes) expect(each.headers('Route')).toEqual(routeSet);
    expect(byes.at(-1)?.header('Proxy-Authorization')).toContain('username="alice"');
    expect(pair.all('200 BYE')).toHaveLength(1);
  });

  it('sends what follows to the Contact of the latest answer', () => {
    const { pair, ours, theirs } = takenOver('alice');
    reply(theirs, { sdp: answer });
    pair.alice.intercept = (message) => {
      pair.alice.intercept = undefined;
      pair.alice.inject(Buffer.from(message.bytes).toString().replace('sip:bob@192.0.2.2:5060', 'sip:bob@192.0.2.2:5070'));
      return true;
    };
    reinvite(ours);
    pair.run(1);
    ours.bye();
    pair.run(2);
    const target = 'sip:bob@192.0.2.2:5070';
    expect(ours.facts().remoteTarget).toBe(target);
    expect([...pair.all('ACK'), ...pair.all('BYE')].map(({ message }) => message)).toMatchObject([
      { uri: target },
      { uri: target },
    ]);
  });

  it('repeats the ACK that its earlier owner did not get through', () => {
    const pair = createPair();
    pair.lose = ({ label }) => label === 'ACK';
    const { caller } = callUp(pair);
    const facts = kept(caller.facts());
    const alice = pair.takeOver('alice');
    alice.dialogs.restore(facts, alice.hop);
    pair.lose = undefined;
    pair.run(10);
    const acks = pair.all('ACK').map(({ message }) => message.cseq.number);
    expect(acks).toEqual([1, 1]);
    expect(pair.all('200 INVITE')).toHaveLength(2);
    expect(pair.all('BYE')).toEqual([]);
  });

  it('is hung up when its re-INVITE finds nobody (6.5)', () => {
    const { pair, ours, heard } = takenOver('alice');
    pair.takeOver('bob');
    reinvite(ours);
    pair.run(2);
    expect(heard).toEqual([{ type: 'lost', reason: 'reinvite' }]);
    expect(pair.story()).toEqual(['alice INVITE', 'bob 481 INVITE', 'alice ACK', 'alice BYE', 'bob 481 BYE']);
  });

  it.each([
    ['localTag', 'a b'],
    ['remoteTag', ''],
    ['remoteTarget', 'sip:x\r\nEvil: yes'],
    ['routeSet', ['<sip:x>\r\nEvil: yes']],
    ['localSeq', -1],
    ['remoteSeq', 1.5],
  ])('is refused when its %s cannot be used', (name, value) => {
    const pair = createPair();
    const { caller } = callUp(pair);
    const facts = { ...caller.facts(), [name]: value } as DialogFacts;
    const alice = pair.takeOver('alice');
    expect(() => alice.dialogs.restore(facts, alice.hop)).toThrow(`${name} of a kept dialog cannot be used`);
    expect(alice.dialogs.isIdle).toBe(true);
  });

  it('is refused where it lives already', () => {
    const pair = createPair();
    const { caller } = callUp(pair);
    expect(() => pair.alice.dialogs.restore(caller.facts(), pair.alice.hop)).toThrow('lives here already');
  });
});

describe('an INVITE whose owner is gone', () => {
  /** The head of the INVITE, as it was written down when it left. */
  function begun(prepare: (pair: Pair) => void = () => {}): { readonly pair: Pair; readonly head: Uint8Array } {
    const pair = createPair();
    prepare(pair);
    const heads: string[] = [];
    pair.alice.call({ onSent: (head) => void heads.push(head) });
    pair.run(0);
    expect(heads).toHaveLength(1);
    expect(heads[0]).not.toMatch(/Authorization|v=0/);
    return { pair, head: Buffer.from(heads[0] ?? '') };
  }

  it('is cancelled at once when it rings', () => {
    const { pair, head } = begun();
    pair.bob.incoming[0]?.progress(180);
    pair.run(1);
    const alice = pair.takeOver('alice');
    alice.layer.endLeft(head, alice.hop, true);
    pair.run(2);
    expect(pair.story().slice(2)).toEqual(['alice CANCEL', 'bob 200 CANCEL', 'bob 487 INVITE', 'alice ACK']);
    pair.ambient.runToRest();
    expect([alice.layer.size, pair.ambient.pending]).toEqual([0, 0]);
  });

  it('is cancelled once the far side lets it be heard', () => {
    const { pair, head } = begun();
    const alice = pair.takeOver('alice');
    alice.layer.endLeft(head, alice.hop, false);
    pair.run(0.1);
    pair.bob.incoming[0]?.progress(180);
    pair.run(2);
    expect(pair.story().slice(-5)).toEqual(['bob 180 INVITE', 'alice CANCEL', 'bob 200 CANCEL', 'bob 487 INVITE', 'alice ACK']);
    expect(pair.all('INVITE')).toHaveLength(1);
  });

  it('is acknowledged and hung up when it is accepted nevertheless (D-21)', () => {
    const { pair, head } = begun();
    const alice = pair.takeOver('alice');
    alice.layer.endLeft(head, alice.hop, false);
    const callee = pair.bob.incoming[0]?.accept(answer);
    if (callee === undefined) throw new Error('not accepted');
    const heard = listen(callee);
    pair.run(1);
    expect(heard.map(({ type }) => type)).toEqual(['acked', 'bye']);
  });

  it('is forgotten when nothing comes of it', () => {
    const { pair, head } = begun((each) => {
      each.lose = ({ label }) => label === 'INVITE';
    });
    const alice = pair.takeOver('alice');
    alice.layer.endLeft(head, alice.hop, false);
    pair.ambient.runToRest();
    expect([alice.layer.size, pair.wire.length]).toEqual([0, 1]);
  });

  it('is refused when it is no INVITE', () => {
    const { pair } = begun();
    expect(() => pair.alice.layer.endLeft(Buffer.from('hello'), pair.alice.hop, true)).toThrow('no INVITE');
  });

  it('that came in is answered by the next owner, with the same To tag; its repetitions find the answer', () => {
    const { pair } = begun();
    const invite = pair.bob.incoming[0];
    if (invite === undefined) throw new Error('no INVITE');
    invite.progress(180);
    const { head } = invite;
    const { localTag } = invite.dialog();
    const bob = pair.takeOver('bob');
    const flow = bob.hop.flow;
    const ends = { local: { host: '192.0.2.2', port: 5060 }, remote: { host: '192.0.2.1', port: 5060 } };
    const inbound = { bytes: Buffer.from(head), flow, protocol: 'udp' as const, ...ends, atMs: 0 };
    bob.layer.adopt(inbound, localTag).respond({ status: 480 });
    pair.run(1);
    expect(pair.story().slice(1)).toEqual(['bob 180 INVITE', 'bob 480 INVITE', 'alice ACK']);
    const tags = pair.wire.filter(({ from, message }) => from === 'bob' && message.kind === 'response');
    expect(new Set(tags.map(({ message }) => message.to.params.get('tag')))).toEqual(new Set([localTag]));
    expect(bob.incoming).toEqual([]);
  });
});
