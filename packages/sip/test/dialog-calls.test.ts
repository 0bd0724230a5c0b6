import { describe, expect, it } from 'vitest';
import { answer, callUp, createPair, listen, offer } from './support/dialog-pair.ts';

describe('a call', () => {
  it('comes up with offer, answer and ACK, and the caller ends it', () => {
    const pair = createPair();
    const { caller, callee, call } = callUp(pair);
    const heard = listen(callee);

    expect(call.heard).toEqual(['180', 'accepted']);
    expect(pair.story()).toEqual(['alice INVITE', 'bob 180 INVITE', 'bob 200 INVITE', 'alice ACK']);
    expect(call.events.at(-1)).toMatchObject({ sdp: answer });
    expect(pair.bob.incoming[0]?.offer).toBe(offer);

    caller.bye();
    pair.run(1);
    expect(pair.story().slice(4)).toEqual(['alice BYE', 'bob 200 BYE']);
    expect(heard).toEqual([{ type: 'bye' }]);
  });

  it('is ended by the callee', () => {
    const pair = createPair();
    const { caller, callee } = callUp(pair);
    const heard = listen(caller);
    callee.bye();
    pair.run(1);
    expect(pair.story().slice(4)).toEqual(['bob BYE', 'alice 200 BYE']);
    expect(heard).toEqual([{ type: 'bye' }]);
  });

  it('leaves nothing behind: no timer, no transaction, no sip.js', () => {
    const pair = createPair();
    callUp(pair).caller.bye();
    pair.ambient.runToRest();
    expect(pair.ambient.pending).toBe(0);
    expect([pair.alice.layer.size, pair.bob.layer.size]).toEqual([0, 0]);
    expect([pair.alice.dialogs.isIdle, pair.bob.dialogs.isIdle]).toEqual([true, true]);
  });

  it('carries what we set, and nothing of sip.js', () => {
    const pair = createPair();
    callUp(pair);
    const [invite, , ok, ack] = pair.wire;
    expect(invite?.message.header('From')).toBe('"alice" <sip:alice@example.com>;tag=alice-tag-1');
    expect(invite?.message.header('Expires')).toBe('240');
    expect(invite?.message.header('Max-Forwards')).toBe('70');
    expect(invite?.message.header('User-Agent')).toBe('Offhook-Test');
    expect(invite?.message.header('Contact')).toBe('<sip:alice@192.0.2.1:5060>');
    expect(ok?.message.headers('Allow').join(', ')).toBe('INVITE, ACK, CANCEL, BYE, OPTIONS');
    expect(ok?.message.header('Contact')).toBe('<sip:bob@192.0.2.2:5060>');
    for (const { text } of pair.wire) expect(text).not.toMatch(/REGISTER|PRACK|sip\.js|undefined/);
    expect(ack?.message).toMatchObject({ uri: 'sip:bob@192.0.2.2:5060', cseq: { number: 1, method: 'ACK' } });
  });

  it('has branches that name the line and carry 64 bits, the ACK of its 2xx too (M1)', () => {
    const pair = createPair();
    callUp(pair).caller.bye();
    pair.run(1);
    const branches = pair.wire
      .filter(({ from, message }) => from === 'alice' && message.kind === 'request')
      .map(({ message }) => message.via.branch);
    for (const branch of branches) expect(branch).toMatch(/^z9hG4bK[a-z2-7]{12}-[a-z2-7]{13}$/);
    expect(new Set(branches).size).toBe(3);
  });

  it('has one To tag in every response, that of the layer', () => {
    const pair = createPair();
    const call = pair.alice.call();
    pair.run(0);
    pair.bob.incoming[0]?.progress(180);
    pair.run(0);
    call.invite.cancel();
    pair.run(1);
    const tags = pair.wire.filter(({ from }) => from === 'bob').map(({ message }) => message.to.params.get('tag'));
    expect(tags).toHaveLength(3);
    expect(new Set(tags).size).toBe(1);
  });

  it('offers in the 2xx when the INVITE did not, and hears the answer in the ACK', () => {
    const pair = createPair();
    pair.alice.intercept = (message) => {
      if (message.kind !== 'response' || message.status !== 200) return false;
      const branch = 'z9hG4bKlate-ack';
      const tag = message.to.params.get('tag');
      const ack = `ACK sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=${branch}\r\nFrom: <sip:c@x>;tag=late\r\nTo: <sip:bob@x>;tag=${tag}\r\nCall-ID: late-1\r\nCSeq: 1 ACK\r\nContent-Type: application/sdp\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`;
      pair.bob.inject(ack);
      return true;
    };
    const head =
      'INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKlate\r\nFrom: <sip:c@x>;tag=late\r\nTo: <sip:bob@x>\r\nCall-ID: late-1\r\nCSeq: 1 INVITE\r\nContact: <sip:c@192.0.2.1>\r\nContent-Length: 0\r\n\r\n';
    pair.bob.inject(head);
    const [incoming] = pair.bob.incoming;
    expect(incoming?.offer).toBeUndefined();
    const session = incoming?.accept(offer);
    if (session === undefined) throw new Error('not accepted');
    const heard = listen(session);
    pair.run(1);
    expect(heard).toEqual([{ type: 'acked', sdp: answer }]);
  });
});

describe('a call that does not come up', () => {
  it('is refused with 486', () => {
    const pair = createPair();
    const call = pair.alice.call();
    pair.run(0);
    pair.bob.incoming[0]?.reject(486);
    pair.ambient.runToRest();
    expect(call.heard).toEqual(['failed 486']);
    expect(pair.story()).toEqual(['alice INVITE', 'bob 486 INVITE', 'alice ACK']);
    expect([pair.alice.dialogs.isIdle, pair.bob.dialogs.isIdle]).toEqual([true, true]);
  });

  it('is cancelled by the caller while it rings', () => {
    const pair = createPair();
    const call = pair.alice.call();
    pair.run(0);
    const [incoming] = pair.bob.incoming;
    let gone = 0;
    if (incoming !== undefined) incoming.onCancelled = () => void gone++;
    incoming?.progress(180);
    pair.run(5);
    call.invite.cancel();
    pair.run(6);
    expect(pair.story()).toEqual([
      'alice INVITE',
      'bob 180 INVITE',
      'alice CANCEL',
      'bob 200 CANCEL',
      'bob 487 INVITE',
      'alice ACK',
    ]);
    expect(call.heard).toEqual(['180', 'failed 487']);
    expect(gone).toBe(1);
    expect(incoming?.accept(answer)).toBeUndefined();
  });

  it('waits with the CANCEL for a provisional response', () => {
    const pair = createPair();
    pair.lose = ({ label }) => label === 'INVITE';
    const call = pair.alice.call();
    pair.run(1);
    call.invite.cancel();
    pair.run(2);
    expect(pair.all('CANCEL')).toHaveLength(0);
    pair.lose = undefined;
    // The next repetition gets through, and the layer answers 100.
    pair.run(4);
    expect(pair.story().slice(-5)).toEqual(['bob 100 INVITE', 'alice CANCEL', 'bob 200 CANCEL', 'bob 487 INVITE', 'alice ACK']);
    expect(call.heard).toEqual(['100', 'failed 487']);
  });

  it('is hung up when it is accepted although it was cancelled', () => {
    const pair = createPair();
    const call = pair.alice.call();
    pair.run(0);
    const [incoming] = pair.bob.incoming;
    incoming?.progress(180);
    pair.run(1);
    pair.lose = ({ label }) => label === 'CANCEL';
    call.invite.cancel();
    const session = incoming?.accept(answer);
    if (session === undefined) throw new Error('not accepted');
    const heard = listen(session);
    pair.run(2);
    expect(call.heard).toEqual(['180', 'failed 487']);
    const story = pair.story().filter((line) => line !== 'alice CANCEL');
    expect(story.slice(-4)).toEqual(['bob 200 INVITE', 'alice ACK', 'alice BYE', 'bob 200 BYE']);
    expect(heard.map(({ type }) => type)).toEqual(['acked', 'bye']);
  });

  it('hears the end of the layer, no response of anybody, when nobody answers (Timer B of the line)', () => {
    const pair = createPair({ timers: { timerBMs: 48_000 } });
    pair.lose = () => true;
    const call = pair.alice.call();
    pair.run(47.9);
    expect(call.heard).toEqual([]);
    pair.run(48);
    expect(call.heard).toEqual(['failed no-response']);
    pair.ambient.runToRest();
    expect(pair.alice.dialogs.isIdle).toBe(true);
  });

  it('ends at once when its flow fails', () => {
    const pair = createPair();
    pair.lose = () => true;
    const call = pair.alice.call();
    pair.run(0.01);
    pair.alice.layer.flowFailed({
      flow: pair.alice.hop.flow,
      remote: { host: '192.0.2.2', port: 5060 },
      reason: 'refused',
      detail: 'port unreachable',
      atMs: 10,
    });
    expect(call.heard).toEqual(['failed transport']);
  });

  it('is given up by a caller who sends BYE in the early dialog', () => {
    const pair = createPair();
    pair.alice.call();
    pair.run(0);
    const [incoming] = pair.bob.incoming;
    let gone = 0;
    if (incoming !== undefined) incoming.onCancelled = () => void gone++;
    incoming?.progress(180);
    pair.run(1);
    const tag = pair.all('180 INVITE')[0]?.message.to.params.get('tag');
    pair.bob.inject(
      `BYE sip:bob@192.0.2.2:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKearly\r\nFrom: <sip:alice@example.com>;tag=alice-tag-1\r\nTo: <sip:bob@example.com>;tag=${tag}\r\nCall-ID: alice-1\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n`,
    );
    pair.run(2);
    expect(gone).toBe(1);
    expect(pair.all('487 INVITE')).toHaveLength(1);
  });
});
