import { type Decision, parseRuntimeConfig, systemAmbient } from '@offhook/core';
import { type CallFact, createRuntime, describeDecision, type Runtime } from '@offhook/runtime';
import { defaultSocketPath } from '../control-protocol.ts';
import { startControl } from '../control-server.ts';
import { type DemoServer, startDemoServers } from '../demo-servers.ts';
import { type ExitCode, exit } from '../exit.ts';
import { createLog } from '../log.ts';
import type { Output } from '../output.ts';
import { linesText } from '../text.ts';
import { type Watch, watchRuntime } from '../watch.ts';

export interface DemoOptions {
  readonly once: boolean;
  readonly socket?: string;
}

/** Seconds. Shorter than a phone's defaults (16, 16, 30), so that the story takes half a minute. */
const pace = { timer: 3, retry: 4, expires: 14 };

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly atMs: number;
  readonly detail: string;
}

const demoConfig = (primary: DemoServer, alternate: DemoServer) =>
  parseRuntimeConfig({
    cluster: 'demo',
    edge: {
      listen: [
        { protocol: 'udp', host: '127.0.0.1', port: 0 },
        { protocol: 'tcp', host: '127.0.0.1', port: 0 },
      ],
    },
    phone: { sipTimerB: pace.timer, sipTimerF: pace.timer, regRetryIntvl: pace.retry },
    templates: {
      dual: {
        proxy: primary.udp,
        alternateProxy: alternate.udp,
        dualRegistration: true,
        password: 'demo',
        registerExpires: pace.expires,
      },
    },
    lines: [
      { template: 'dual', userId: '1001', displayName: 'Reception' },
      {
        template: 'dual',
        userId: '1002',
        displayName: 'Workshop',
        sipTransport: 'TCP',
        proxy: primary.tcp,
        alternateProxy: alternate.tcp,
      },
      { template: 'dual', userId: '1003', displayName: 'Gate' },
    ],
  });

/** The story: registration, an outage, the way round it, the recovery. Each step states its goal and whether it was met. */
async function tell(runtime: Runtime, watch: Watch, primary: DemoServer, report: (step: Step) => void): Promise<void> {
  const startMs = runtime.ambient.now();
  const goal = (step: string, ok: boolean, detail: string): void =>
    report({ step, ok, detail, atMs: Math.round(runtime.ambient.now() - startMs) });
  const usable = (leg: string): number =>
    runtime.lines().filter(({ legs }) => legs.some((each) => each.leg === leg && each.usable)).length;
  const reach = (what: () => boolean, timeoutS: number): Promise<boolean> => watch.until(what, timeoutS * 1000);

  const all = await reach(() => usable('primary') === 3 && usable('alternate') === 3, 10);
  goal('register', all, `${usable('primary')} of 3 lines at the primary, ${usable('alternate')} of 3 at the alternate`);

  const place = async (step: string, leg: string): Promise<void> => {
    const { id } = (await runtime.command('1001', 'call', { target: '5000' })) as CallFact;
    const latest = (): CallFact | undefined => watch.call(id);
    await reach(() => ['up', 'ended'].includes(latest()?.state ?? ''), 2 * pace.timer + 5);
    const call = latest();
    goal(step, call?.state === 'up' && call.leg === leg, `call ${call?.state ?? 'lost'} on the ${call?.leg ?? 'nothing'}`);
    if (call?.state === 'up') await runtime.command('1001', 'hangup', { call: id });
  };

  await place('call by the primary', 'primary');
  primary.silence();
  await place('primary silent: call leaves by the alternate', 'alternate');
  const noticed = await reach(() => usable('primary') === 0, pace.expires + 2 * pace.timer + 5);
  goal('registrations at the primary fail', noticed, `${usable('primary')} of 3 lines at the primary`);
  await place('primary known to be down: straight to the alternate', 'alternate');
  primary.recover();
  const back = await reach(() => usable('primary') === 3, 2 * pace.retry + pace.timer + 5);
  goal('primary is back', back, `${usable('primary')} of 3 lines at the primary`);
  await place('call by the primary again', 'primary');
}

function narrate(runtime: Runtime, output: Output): void {
  const startMs = runtime.ambient.now();
  runtime.onDecision((decision: Decision) => {
    const at = ((decision.atMs - startMs) / 1000).toFixed(3).padStart(8);
    output.say(`${at}  ${decision.line}  ${describeDecision(decision)}`);
  });
}

/** Exit 1 when a step of the story missed its goal. Without `once` the lines stay up until interrupted. */
export async function demo(options: DemoOptions, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const ambient = systemAmbient({ log: createLog('error') });
  const servers = await startDemoServers(ambient);
  const steps: Step[] = [];
  try {
    const runtime = await createRuntime({ config: demoConfig(servers.primary, servers.alternate), ambient });
    const watch = watchRuntime(runtime);
    try {
      output.say(`Primary ${servers.primary.udp}, alternate ${servers.alternate.udp}; timers ${pace.timer} s instead of 16 s.`);
      if (!output.json) narrate(runtime, output);
      await tell(runtime, watch, servers.primary, (step) => {
        steps.push(step);
        output.say(`${step.ok ? 'ok    ' : 'MISSED'} ${step.step}: ${step.detail}`);
      });
      const ok = steps.every((step) => step.ok);
      output.result(
        { ok, steps, lines: runtime.lines() },
        () => `${linesText(runtime.lines(), ambient.now())}\n${ok ? 'The story went as it should.' : 'A step missed its goal.'}`,
      );
      if (!options.once && !interrupted.aborted) await stay(runtime, options, output, interrupted);
      return interrupted.aborted ? exit.interrupted : ok ? exit.done : exit.missed;
    } finally {
      watch.stop();
      await runtime.stop();
    }
  } finally {
    await servers.stop();
  }
}

async function stay(runtime: Runtime, options: DemoOptions, output: Output, interrupted: AbortSignal): Promise<void> {
  const control = await startControl(runtime, options.socket ?? defaultSocketPath('demo'));
  output.say(`The lines stay up. In another terminal: npx --no offhook explain 1001 --socket ${control.path}. Ctrl-C ends.`);
  await new Promise<void>((resolve) => interrupted.addEventListener('abort', () => resolve(), { once: true }));
  await control.stop();
}
