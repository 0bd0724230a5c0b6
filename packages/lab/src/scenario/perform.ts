import { formatEndpoint, type Timer } from '@offhook/core';
import type { CallFact } from '@offhook/runtime';
import { readSipUri, type SipRequest } from '@offhook/sip';
import type { AnswerStep } from '../registrar-script.ts';
import type { ScriptedCall } from '../user-agent.types.ts';
import type { Recorder } from './recorder.ts';
import type { Step, StepOf } from './schema.ts';
import { appliedText, stepText } from './set-step.ts';
import { registrarSettings, type Stage } from './stage.ts';
import type { ServerState } from './timeline.types.ts';

/** Carries out the steps of a script. */
export interface Performer {
  /** Servers and network are prepared before the phone starts. */
  isBeforeBoot(step: Step): boolean;
  /** @throws RangeError (rejects) a name that nobody has */
  perform(step: Step): Promise<void>;
  /** Nothing that was begun goes on. */
  stop(): void;
  /** A call has changed: one that is to last so long is ended then. */
  heard(line: string, fact: CallFact): void;
}

const someoneCalled = '2000';
const someoneCalling = '3000';
/** 64*T1 of RFC 3261, and a little. */
const callerGivesUpS = 33;

const fromLine =
  (user: string) =>
  (request: SipRequest): boolean =>
    readSipUri(request.from.uri)?.user === user;

const spanText = (seconds: number | undefined): string => (seconds === undefined ? '' : ` for ${seconds} s`);

export function createPerformer(stage: Stage, recorder: Recorder): Performer {
  const { ambient, wire, network } = stage;
  let { records } = network;
  /** How long calls under way are to last once they are up, s. */
  const spans = new Map<string, number>();
  /** Calls that are up; one may be before its command is answered. */
  const up = new Set<string>();
  const timers = new Set<Timer>();
  function later(afterS: number, task: () => void): void {
    const timer = ambient.setTimer(() => {
      timers.delete(timer);
      task();
    }, afterS * 1_000);
    timers.add(timer);
  }

  function linesOf(names: readonly string[]): readonly string[] {
    if (names.includes('all')) return stage.lines;
    const unknown = names.find((each) => !stage.lines.includes(each));
    if (unknown === undefined) return names;
    throw new RangeError(`no line ${unknown} in this configuration; there are ${shortList(stage.lines)}, and all`);
  }

  function serversOf(names: readonly string[]) {
    return names.flatMap((name) => {
      if (name === 'all') return network.servers;
      const found = network.find(name);
      if (found !== undefined) return found;
      throw new RangeError(`no server ${name} here; there are ${shortList(network.servers.map((each) => each.name))}, and all`);
    });
  }

  /** Commands are not waited for: what comes of them shows in the facts. */
  async function command(line: string, name: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    try {
      return await stage.runtime?.command(line, name, args);
    } catch (error) {
      recorder.script(`${name} of line ${line} came to nothing: ${error instanceof Error ? error.message : error}`, line);
      return undefined;
    }
  }

  const endLater = (line: string, call: string, forS: number): void => later(forS, () => void command(line, 'hangup', { call }));

  async function placeCall(line: string, target: string, forS: number | undefined): Promise<void> {
    const fact = (await command(line, 'call', { target })) as CallFact | undefined;
    if (fact === undefined || forS === undefined) return;
    const key = `${line} ${fact.id}`;
    if (up.has(key)) endLater(line, fact.id, forS);
    else spans.set(key, forS);
  }

  /** Again and again, or once. */
  function repeat(
    { every, times }: { readonly every?: number | undefined; readonly times?: number | undefined },
    task: () => void,
  ) {
    let left = times ?? (every === undefined ? 1 : Number.POSITIVE_INFINITY);
    const next = (): void => {
      task();
      if (--left > 0 && every !== undefined) later(every, next);
    };
    next();
  }

  async function call(step: StepOf<'call'>): Promise<void> {
    const target = step.to ?? someoneCalled;
    const isOurs = stage.lines.some((line) => stage.userOf(line) === target);
    if (/^\S+$/.test(target) && !/[@:]/.test(target) && !isOurs) await stage.party(target);
    const lines = linesOf(step.call);
    repeat(step, () => {
      for (const line of lines) {
        recorder.script(`line ${line} calls ${target}`, line);
        void placeCall(line, target, step.for);
      }
    });
  }

  /** Callers whom no server brings to the phone leave no trace there: at once, or when they give up. */
  function tellOfRefusal(placed: ScriptedCall, line: string, by: string): void {
    let told = false;
    const look = (): void => {
      const last = placed.statuses.at(-1);
      if (told || placed.state !== 'ended' || placed.upAtMs !== undefined) return;
      told = true;
      recorder.script(`nobody reached line ${line} by way of ${by} (${last ?? 'no answer'})`, line);
    };
    for (const afterS of [0.001, callerGivesUpS]) later(afterS, look);
  }

  async function callIn(step: StepOf<'callIn'>): Promise<void> {
    const caller = await stage.party(step.from ?? someoneCalling);
    const proxies = serversOf(step.by ?? [network.servers[0]?.name ?? '']).map(({ address, ports }) => ({
      host: address,
      port: ports[0]?.port ?? 5_060,
    }));
    const [proxy] = proxies;
    const own = stage.runtime?.listening[0] ?? { host: network.phone, port: 5_060 };
    const lines = linesOf(step.callIn);
    repeat(step, () => {
      for (const line of lines) {
        const names = proxies.map(({ host }) => network.nameOf(host) ?? host).join(' and ');
        recorder.script(`line ${line} is called by way of ${names}`, line);
        const place = step.direct === true ? formatEndpoint(own) : proxy?.host;
        const placed = caller.call(`sip:${stage.userOf(line)}@${place}`, { proxies });
        tellOfRefusal(placed, line, names);
        if (step.answeredAfter !== undefined) later(step.answeredAfter, () => void command(line, 'answer'));
        if (step.for !== undefined) later((step.answeredAfter ?? 0) + step.for, () => placed.hangUp());
      }
    });
  }

  async function message(step: StepOf<'message'>): Promise<void> {
    const target = step.to ?? someoneCalled;
    await stage.party(target);
    const lines = linesOf(step.message);
    repeat(step, () => {
      for (const line of lines) {
        recorder.script(`line ${line} sends a message`, line);
        void command(line, 'message', { target, text: 'drill' });
      }
    });
  }

  function setState(step: StepOf<'server.is'>): void {
    for (const { name, address } of serversOf(step.server)) {
      const wanted = step.is;
      if (wanted === 'closing') {
        wire.hangUp(address);
        recorder.script(`${name} closes its connections`);
        continue;
      }
      wire.heal(address);
      if (wanted === 'up') stage.registrar(name).clear();
      if (wanted === 'silent') wire.silence(address);
      if (wanted === 'refusing') wire.refuse(address, 'refused');
      if (wanted === 'unreachable') wire.refuse(address, 'unreachable');
      recorder.server(name, wanted, `${name} is ${wanted}`);
      if (step.for !== undefined && wanted !== 'up') later(step.for, () => setState({ ...step, is: 'up', for: undefined }));
    }
  }

  function stepsOf(step: StepOf<'server.answers'>): readonly AnswerStep[] {
    const all = typeof step.answers === 'number' ? [{ ...step, status: step.answers }] : step.answers;
    return all.map(({ status, after, retryAfter, reason, headers }) => ({
      status,
      afterMs: (after ?? 0) * 1_000,
      ...(reason !== undefined && { reason }),
      ...(retryAfter !== undefined && { retryAfterS: retryAfter }),
      ...(headers !== undefined && { headers: Object.entries(headers) }),
    }));
  }

  /** Limits of a server's script: how often, and for which line. */
  function limits({ times, line }: { readonly times?: number | undefined; readonly line?: string | undefined }) {
    return { ...(times !== undefined && { times }), ...(line !== undefined && { when: fromLine(stage.userOf(line)) }) };
  }

  function endScript(name: string, method: string, forS: number | undefined): void {
    if (forS === undefined) return;
    later(forS, () => {
      stage.registrar(name).clear(method);
      recorder.server(name, 'up', `${name} answers as usual again`);
    });
  }

  function answers(step: StepOf<'server.answers'>): void {
    const method = step.to ?? '*';
    const status = typeof step.answers === 'number' ? step.answers : step.answers.map((each) => each.status).join(', ');
    for (const { name } of serversOf(step.server)) {
      stage.registrar(name).answer(method, stepsOf(step), limits(step));
      const state: ServerState = step.times === undefined && step.line === undefined ? 'failing' : 'up';
      const times = step.times === undefined ? '' : `, ${step.times} times`;
      recorder.server(name, state, `${name} answers ${status} to ${method === '*' ? 'everything' : method}${times}`);
      endScript(name, method, step.for);
    }
  }

  function ignores(step: StepOf<'server.ignores'>): void {
    const method = step.ignores === 'all' ? '*' : step.ignores;
    for (const { name } of serversOf(step.server)) {
      stage.registrar(name).silence(method, limits(step));
      const whose = step.line === undefined ? '' : ` of line ${step.line}`;
      recorder.server(name, step.line === undefined ? 'failing' : 'up', `${name} ignores ${method}${whose}`);
      endScript(name, method, step.for);
    }
  }

  function forgets(step: StepOf<'server.forgets'>): void {
    const servers = serversOf(step.server);
    repeat(step, () => {
      for (const { name } of servers) {
        if (step.forgets === 'bindings') stage.registrar(name).forget();
        else stage.registrar(name).staleNonces();
        recorder.script(`${name} forgets its ${step.forgets}`);
      }
    });
  }

  function shape({ network: link, of, for: forS }: StepOf<'network'>): void {
    const shape = {
      ...(link.loss !== undefined && { lossRate: link.loss }),
      ...(link.delayMs !== undefined && { delayMs: link.delayMs }),
      ...(link.jitterMs !== undefined && { jitterMs: link.jitterMs }),
      ...(link.duplicates !== undefined && { duplicateRate: link.duplicates }),
    };
    const places = of === undefined ? [network.phone] : serversOf(of).map(({ address }) => address);
    for (const place of places) wire.shape(place, shape);
    const words = Object.entries(link).map(([key, value]) => `${key} ${value}`);
    recorder.script(`the network has ${words.join(', ')}${spanText(forS)}`);
    const plain = { lossRate: 0, delayMs: 0, jitterMs: 0, duplicateRate: 0 };
    if (forS !== undefined) later(forS, () => places.map((place) => wire.shape(place, plain)));
  }

  function dns({ dns: change }: StepOf<'dns'>): void {
    stage.names.setDead(change === 'down');
    if (typeof change !== 'string') {
      const named = new Set(change.map(({ name }) => name.toLowerCase()));
      records = [...records.filter(({ name }) => !named.has(name.toLowerCase())), ...change];
      stage.names.replace(records);
    }
    recorder.script(`the name server ${typeof change === 'string' ? `is ${change}` : 'has new records'}`);
  }

  async function set(step: StepOf<'set'>): Promise<void> {
    recorder.script(stepText(step));
    try {
      const { report, findings } = await stage.apply(step);
      for (const { message, remedy } of findings) recorder.script(`${message} ${remedy}`.trim());
      if (report === undefined) recorder.script('the phone is off: it starts with it');
      else if (report.lines.length === 0) recorder.script('nothing has changed by that');
      for (const applied of report?.lines ?? []) recorder.applied(`line ${applied.line}: ${appliedText(applied)}`, applied);
    } catch (error) {
      recorder.script(`refused, nothing has changed: ${error instanceof Error ? error.message : error}`);
    }
  }

  async function powerCut(step: StepOf<'powerCut'>): Promise<void> {
    await stage.powerCut();
    recorder.powerCut(`power cut${spanText(step.for ?? 0)}`);
    later(step.for ?? 0, () => {
      recorder.script('power is back');
      stage.boot().catch((error: unknown) => recorder.script(`the phone does not start: ${String(error)}`));
    });
  }

  return {
    isBeforeBoot: ({ verb }) => verb.startsWith('server.') || verb === 'network' || verb === 'dns',
    async perform(step) {
      switch (step.verb) {
        case 'call':
          return call(step);
        case 'callIn':
          return callIn(step);
        case 'message':
          return message(step);
        case 'hangUp':
          for (const line of linesOf(step.hangUp)) void command(line, 'hangup');
          return;
        case 'answer':
          for (const line of linesOf(step.answer)) void command(line, 'answer');
          return;
        case 'restart':
          for (const line of linesOf(step.restart)) {
            recorder.script(`line ${line} is restarted`, line);
            void command(line, 'restart');
          }
          return;
        case 'set':
          return set(step);
        case 'powerCut':
          return powerCut(step);
        case 'network':
          return shape(step);
        case 'dns':
          return dns(step);
        case 'server.is':
          return setState(step);
        case 'server.answers':
          return answers(step);
        case 'server.ignores':
          return ignores(step);
        case 'server.forgets':
          return forgets(step);
        case 'server.set':
          for (const { name } of serversOf(step.server)) {
            stage.registrar(name).set(registrarSettings(step.set));
            recorder.script(
              `${name} now has ${Object.entries(step.set)
                .map(([key, value]) => `${key} ${value}`)
                .join(', ')}`,
            );
          }
          return;
      }
    },
    stop() {
      for (const timer of timers) ambient.clearTimer(timer);
      timers.clear();
    },
    heard(line, { id, state }) {
      const key = `${line} ${id}`;
      if (state === 'up') {
        const forS = spans.get(key);
        if (forS !== undefined) endLater(line, id, forS);
        up.add(key);
      }
      if (state === 'ended') up.delete(key);
      if (state === 'up' || state === 'ended') spans.delete(key);
    },
  };
}

const shortList = (items: readonly string[]): string =>
  items.length > 6 ? `${items.slice(0, 6).join(', ')} and ${items.length - 6} more` : items.join(', ');
