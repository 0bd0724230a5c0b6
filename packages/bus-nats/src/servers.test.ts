import { describe, expect, it } from 'vitest';
import { readServers } from './servers.ts';

describe('readServers', () => {
  it.each([
    ['nats://127.0.0.1:4333', ['127.0.0.1:4333']],
    ['nats.example.com', ['nats.example.com:4222']],
    ['nats://[::1]:4333/', ['[::1]:4333']],
    ['[::1]', ['[::1]:4222']],
    ['nats://a:1, b:2,c', ['a:1', 'b:2', 'c:4222']],
  ])('reads %j', (servers, addresses) => {
    expect(readServers(servers)).toEqual({ addresses, tls: false });
  });

  it('reads a list', () => {
    expect(readServers(['nats://a:1', 'nats://b:2']).addresses).toEqual(['a:1', 'b:2']);
  });

  it('takes credentials out of the address, percent-decoded', () => {
    expect(readServers('nats://me:p%40ss%3Aword@a')).toEqual({
      addresses: ['a:4222'],
      tls: false,
      user: 'me',
      password: 'p@ss:word',
    });
    expect(readServers(['b', 'nats://s3cr3t@a'])).toEqual({ addresses: ['b:4222', 'a:4222'], tls: false, token: 's3cr3t' });
  });

  it('asks for TLS with tls://', () => {
    expect(readServers('tls://a').tls).toBe(true);
  });

  it.each([
    '',
    'nats://',
    'http://a',
    'nats://a@b@c',
    'a:65536',
    'a:x',
    'nats://me:secret@',
    'nats://me:sec%zret@a',
    'a b',
    'nats://::1:4222',
  ])('refuses %j with E_BUS_CONNECT and repeats nothing of it', (servers) => {
    let message = '';
    try {
      readServers(servers);
    } catch (error) {
      expect(error).toMatchObject({ code: 'E_BUS_CONNECT' });
      message = (error as Error).message;
    }
    expect(message).toBe('server 1 is not an address; expected nats://host:4222, tls://host:4222 or host:4222');
  });

  it('refuses an empty list', () => {
    expect(() => readServers([])).toThrow(expect.objectContaining({ code: 'E_BUS_CONNECT' }));
  });
});
