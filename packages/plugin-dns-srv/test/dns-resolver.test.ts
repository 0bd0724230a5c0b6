import { createManualAmbient } from '@offhook/core/testkit';
import { type Answer, encode } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { createDnsResolver } from '../src/index.ts';
import { type DnsServer, type Script, startDns } from './dns-server.ts';

const servers: DnsServer[] = [];

async function server(script: Script | ((name: string) => Script | undefined) | undefined): Promise<DnsServer> {
  const started = await startDns(typeof script === 'function' ? script : () => script);
  servers.push(started);
  return started;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((each) => each.stop()));
});

const addressOf = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, ttl, data });
const one: Script = { answers: [addressOf('p.example', '192.0.2.1')] };
const oneRecord = { type: 'A', name: 'p.example', ttlS: 60, address: '192.0.2.1' };

function ask(on: readonly DnsServer[], name = 'p.example') {
  const ambient = createManualAmbient();
  const resolver = createDnsResolver({ ambient, servers: on.map(({ address }) => address) });
  return { ambient, resolver, found: resolver.query(name, 'A') };
}

describe('records on the wire', () => {
  it('come with all their fields and lifetimes', async () => {
    const dns = await server({
      answers: [
        { type: 'SRV', name: 's.example', ttl: 30, data: { priority: 1, weight: 2, port: 5061, target: 'P.example' } },
        {
          type: 'NAPTR',
          name: 's.example',
          ttl: 2 ** 31,
          data: { order: 1, preference: 2, flags: 's', services: 'SIP+D2U', regexp: '', replacement: '_sip._udp.s.example' },
        },
        { type: 'TXT', name: 's.example', ttl: 30, data: 'what else there is' },
      ],
    });
    const { resolver } = ask([dns]);
    expect(await resolver.query('s.example', 'SRV')).toEqual({
      records: [{ type: 'SRV', name: 's.example', ttlS: 30, priority: 1, weight: 2, port: 5061, target: 'P.example' }],
    });
    expect(await resolver.query('s.example', 'NAPTR')).toMatchObject({
      records: [{ type: 'NAPTR', ttlS: 0, order: 1, preference: 2, flags: 's', services: 'SIP+D2U' }],
    });
  });

  it('may be none, for as long as the SOA says', async () => {
    const data = { mname: 'ns.example', rname: 'root.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 120 };
    const dns = await server({ rcode: 3, authorities: [{ type: 'SOA', name: 'example', ttl: 900, data }] });
    expect(await ask([dns]).found).toEqual({ records: [], negativeTtlS: 120 });
  });

  it('follow aliases within an answer and by a further question; the shortest lifetime holds', async () => {
    const alias = (name: string, data: string, ttl: number): Answer => ({ type: 'CNAME', name, ttl, data });
    const dns = await server((name) =>
      name === 'www.example'
        ? { answers: [alias('www.example', 'mid.example', 40), alias('mid.example', 'p.example', 20)] }
        : { answers: [addressOf('P.Example', '192.0.2.1', 60)] },
    );
    expect(await ask([dns], 'www.example').found).toEqual({ records: [{ ...oneRecord, name: 'P.Example', ttlS: 20 }] });
    expect(dns.heard).toEqual(['udp A www.example', 'udp A p.example']);
  });

  it('a ring of aliases ends', async () => {
    const dns = await server((name) => ({ answers: [{ type: 'CNAME', name, ttl: 1, data: name === 'a' ? 'b' : 'a' }] }));
    await expect(ask([dns], 'a').found).rejects.toMatchObject({ code: 'E_TRANSPORT_UNRESOLVED' });
    expect(dns.heard.length).toBeLessThan(10);
  });

  it('come over TCP where they do not fit', async () => {
    const dns = await server({ ...one, truncated: true });
    expect(await ask([dns]).found).toEqual({ records: [oneRecord] });
    expect(dns.heard).toEqual(['udp A p.example', 'tcp A p.example']);
  });
});

describe('packets that are no answer', () => {
  const wrong = { answers: [addressOf('p.example', '198.51.100.66')] };
  it.each<[string, Script['first']]>([
    ['of another id', ({ id = 0, questions = [] }) => [encode({ type: 'response', id: id ^ 1, questions, ...wrong })]],
    [
      'to another question',
      ({ id = 0 }) => [encode({ type: 'response', id, questions: [{ type: 'A', name: 'q.example' }], ...wrong })],
    ],
    ['to none', ({ id = 0 }) => [encode({ type: 'response', id, ...wrong })]],
    ['that ask', ({ id = 0, questions = [] }) => [encode({ type: 'query', id, questions, ...wrong })]],
    ['that cannot be read', () => [Uint8Array.of(), Uint8Array.of(1, 2, 3), new Uint8Array(40).fill(0xc0)]],
  ])('%s are passed over', async (_, first) => {
    const dns = await server(first === undefined ? one : { ...one, first });
    expect(await ask([dns]).found).toEqual({ records: [oneRecord] });
  });
});

describe('several servers', () => {
  it('one that is silent costs 1.5 s, and once: the one that answered is asked first from then on', async () => {
    const silent = await server(undefined);
    const good = await server(one);
    const { ambient, resolver, found } = ask([silent, good]);
    await silent.hearing(1);
    await ambient.elapse(1_499);
    expect(good.heard).toEqual([]);
    await ambient.elapse(1);
    expect(await found).toEqual({ records: [oneRecord] });
    await resolver.query('p.example', 'A');
    expect(silent.heard).toHaveLength(1);
    expect(ambient.timers).toBe(0);
  });

  it('one that cannot tell, or is not there, costs nothing', async () => {
    const [failing, gone, good] = [await server({ rcode: 2 }), await server(one), await server(one)];
    await gone.stop();
    servers.splice(servers.indexOf(gone), 1);
    expect(await ask([failing, gone, good]).found).toEqual({ records: [oneRecord] });
    expect(failing.heard).toHaveLength(1);
  });

  it('each is asked twice; then the failure says what each of them did', async () => {
    const failing = await server({ rcode: 5 });
    await expect(ask([failing]).found).rejects.toMatchObject({
      code: 'E_TRANSPORT_UNRESOLVED',
      message: `No answer of DNS for A p.example: ${failing.address} answered REFUSED. Check dns.servers, or the DNS servers of this machine.`,
    });
    expect(failing.heard).toHaveLength(2);
  });

  it('a question ends after 5 s, however many are silent', async () => {
    const silent = await Promise.all([1, 2, 3, 4].map(() => server(undefined)));
    const { ambient, found } = ask(silent);
    const startMs = ambient.now();
    const outcome = found.catch((error: Error) => error.message);
    for (const each of silent) {
      await each.hearing(1);
      await ambient.elapse(Math.min(1_500, startMs + 5_000 - ambient.now()));
    }
    expect(await outcome).toContain('was silent for');
    expect(ambient.now() - startMs).toBe(5_000);
  });
});
