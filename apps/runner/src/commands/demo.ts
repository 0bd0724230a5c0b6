import { systemAmbient } from '@offhook/core';
import { createRuntime, type Runtime } from '@offhook/runtime';
import { type ControlServer, openControl } from '../control-server.ts';
import { decisionText } from '../decision-text.ts';
import { demoConfig, type Listener, pace, tell } from '../demo-script.ts';
import { type DemoServers, startDemoServers } from '../demo-servers.ts';
import { type ExitCode, exit } from '../exit.ts';
import { createLog } from '../log.ts';
import type { Output } from '../output.ts';
import type { Paint } from '../paint.ts';
import { defaultSocketPath } from '../socket-path.ts';
import { linesText } from '../text.ts';
import { watchRuntime } from '../watch.ts';

export interface DemoOptions {
  readonly once: boolean;
  readonly socket?: string;
}

const opening = ({ primary, alternate }: DemoServers, paint: Paint): string =>
  [
    paint.bold('Three lines with Dual Registration, each registered at two servers at once.'),
    `  primary    ${primary.udp} (UDP), ${primary.tcp} (TCP)`,
    `  alternate  ${alternate.udp} (UDP), ${alternate.tcp} (TCP)`,
    `Timers B and F are ${pace.timer} s instead of 16 s, the retry is ${pace.retry} s instead of 30 s, a registration lasts ${pace.expires} s.`,
    'Each line below is one decision: seconds since the start, line, what and why; in brackets the rule and what the line knew.',
  ].join('\n');

/** Tells decisions as they are made; returns what ends it. */
function narrate(runtime: Runtime, output: Output): () => void {
  const startMs = runtime.ambient.now();
  const decisions = runtime.onDecision((decision) => {
    const at = ((decision.atMs - startMs) / 1000).toFixed(3).padStart(8);
    output.say((paint) => `${at}  ${decision.line}  ${decisionText(decision, paint)}`);
  });
  return () => decisions.unsubscribe();
}

const listenerFor = (output: Output): Listener => ({
  onStep: (number, count, _step, about) => output.say((paint) => `\n${paint.bold(`${number}/${count}  ${about}`)}`),
  onDone: ({ ok, detail }) => output.say((paint) => `${ok ? paint.green('      ok') : paint.red('  MISSED')}  ${detail}`),
});

const invitation = (socket: string): string => {
  const place = socket === defaultSocketPath('demo') ? '--cluster demo' : `--socket ${socket}`;
  return [
    '\nThe lines stay up. In another terminal, from this folder:',
    ...['lines', 'explain 1001', 'events', 'call 1001 5000 --duration 3'].map((rest) => `  npx --no offhook ${rest} ${place}`),
    'Ctrl-C ends.',
  ].join('\n');
};

async function stay(control: ControlServer, output: Output, interrupted: AbortSignal): Promise<void> {
  output.say(invitation(control.path));
  if (!interrupted.aborted)
    await new Promise<void>((resolve) => interrupted.addEventListener('abort', () => resolve(), { once: true }));
  output.say('Ending: registrations are withdrawn.');
}

async function perform(
  runtime: Runtime,
  servers: DemoServers,
  control: ControlServer | undefined,
  output: Output,
  interrupted: AbortSignal,
): Promise<ExitCode> {
  control?.serve(runtime);
  output.say((paint) => opening(servers, paint));
  const watch = watchRuntime(runtime, interrupted);
  const endNarration = output.json ? () => {} : narrate(runtime, output);
  try {
    const steps = await tell({ runtime, watch, primary: servers.primary }, listenerFor(output), interrupted);
    endNarration();
    if (interrupted.aborted) return exit.interrupted;
    const ok = steps.every((step) => step.ok);
    const verdict = ok ? 'The story went as it should.' : 'A step missed its goal.';
    output.result(
      { ok, steps, lines: runtime.lines() },
      (paint) => `\n${linesText(runtime.lines(), runtime.ambient.now(), paint)}\n${(ok ? paint.green : paint.red)(verdict)}`,
    );
    if (control !== undefined) await stay(control, output, interrupted);
    return interrupted.aborted ? exit.interrupted : ok ? exit.done : exit.missed;
  } finally {
    watch.stop();
  }
}

/** Exit 1 when a step of the story missed its goal. Without `once` the lines stay up until interrupted. */
export async function demo(options: DemoOptions, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const control = options.once ? undefined : await openControl(options.socket ?? defaultSocketPath('demo'));
  try {
    const ambient = systemAmbient({ log: createLog('error') });
    const servers = await startDemoServers(ambient);
    try {
      const runtime = await createRuntime({ config: demoConfig(servers.primary, servers.alternate), ambient });
      try {
        return await perform(runtime, servers, control, output, interrupted);
      } finally {
        servers.primary.recover();
        await runtime.stop();
      }
    } finally {
      await servers.stop();
    }
  } finally {
    await control?.stop();
  }
}
