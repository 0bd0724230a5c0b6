import { writeFileSync } from 'node:fs';
import { CommandError, type Finding, type Preset } from '@offhook/core';
import type { Drill, Outcome, Timeline } from '@offhook/lab';
import { adviceFor } from '../drill/advice.ts';
import { compareOutcomes, comparisonText } from '../drill/compare.ts';
import { fleetText, fleetTotals } from '../drill/fleet-text.ts';
import { type Contender, type ContenderChoice, loadContender, loadDrill } from '../drill/load-drill.ts';
import { type Sentence, storyOf } from '../drill/story.ts';
import { timelineText } from '../drill/timeline-text.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import type { Paint } from '../paint.ts';
import { findingText } from '../text.ts';

export interface DrillOptions {
  readonly config?: string;
  /** Another configuration, to lay beside. */
  readonly compare?: string;
  readonly preset?: readonly Preset[];
  /** So many lines; from `fleetLines` on they are counted, not drawn. */
  readonly lines?: number;
  readonly seed?: string;
  readonly svg?: string;
  readonly line?: string;
}

/** Above so many lines nobody reads a timeline: the fleet is counted instead. */
const fleetLines = 250;
/** A timeline of more lines is printed for the line that was asked for alone. */
const printedLines = 4;

/** What came of one configuration. */
interface Played {
  readonly contender: Contender;
  readonly timeline: Timeline;
  readonly outcome: Outcome;
  readonly story: readonly Sentence[];
  readonly advice: readonly string[];
}

async function play(contender: Contender, drill: Drill, interrupted: AbortSignal): Promise<Played> {
  const { outcomeOf, playScenario } = await import('@offhook/lab');
  const { config, plugins } = contender;
  const timeline = await playScenario({
    config,
    scenario: drill.scenario,
    interrupted,
    ...(plugins === undefined ? {} : { plugins }),
  });
  const outcome = outcomeOf(timeline);
  return {
    contender,
    timeline,
    outcome,
    story: storyOf(outcome, timeline),
    advice: adviceFor(outcome, timeline, config),
  };
}

function storyText(story: readonly Sentence[], paint: Paint): string {
  const tints = { heading: paint.bold, plain: (text: string) => text, good: paint.green, bad: paint.yellow };
  return story.map(({ text, tone }) => `${tone === 'heading' ? '' : '  '}${tints[tone](text)}`).join('\n');
}

const adviceText = (advice: readonly string[], paint: Paint): string =>
  advice.length === 0 ? '' : [paint.bold('What to change'), ...advice.map((each) => `  ${each}`), ''].join('\n');

function headText({ title, about }: Drill, { timeline }: Played, paint: Paint): string {
  const servers = timeline.servers.map(({ name, host }) => `${name} ${host}`).join(', ');
  return [
    paint.bold(title),
    ...(about === '' ? [] : [about]),
    paint.dim(`Servers: ${servers}. Lines: ${timeline.lines.length}.`),
    '',
  ].join('\n');
}

function playedText(drill: Drill, played: Played, line: string | undefined, paint: Paint): string {
  const { timeline, story, advice } = played;
  const many = line === undefined && timeline.lines.length > printedLines;
  const timelinePart = many
    ? paint.dim(`The timeline of one line: --line ${timeline.lines[0]?.id ?? ''}. All of it: --json.`)
    : `${paint.bold('Timeline')}\n${timelineText(timeline, line, paint)}`;
  return [headText(drill, played, paint), storyText(story, paint), '', adviceText(advice, paint), timelinePart].join('\n');
}

/** What --json prints of one configuration. */
const report = ({ contender, timeline, outcome, story, advice }: Played) => ({
  configuration: contender.name,
  story: story.map(({ text }) => text),
  advice,
  outcome,
  timeline,
});

function warn(findings: readonly Finding[], output: Output): void {
  for (const finding of findings) if (finding.severity !== 'info') output.say((paint) => findingText(finding, paint));
}

/** Which configurations are played: the one, or two side by side. */
function choicesOf({ config, compare, preset = [], lines }: DrillOptions): readonly ContenderChoice[] {
  const shared = { lines };
  if (compare !== undefined && preset.length > 1)
    throw new CommandError('E_COMMAND_INVALID', '--compare and two presets make four drills; choose one of both.');
  if (preset.length > 0 && compare === undefined) return preset.map((each) => ({ ...shared, config, preset: each }));
  const first = { ...shared, config, preset: preset[0] };
  return compare === undefined ? [first] : [first, { ...first, config: compare }];
}

function knownLine(line: string | undefined, { config }: Contender): void {
  if (line === undefined || config.lines.some(({ id }) => id === line)) return;
  const some = config.lines.slice(0, 5).map(({ id }) => id);
  throw new CommandError(
    'E_LINE_UNKNOWN',
    `There is no line "${line}". Lines here: ${some.join(', ')}${config.lines.length > 5 ? ' …' : ''}.`,
  );
}

async function playFleet(contender: Contender, drill: Drill, options: DrillOptions, output: Output, interrupted: AbortSignal) {
  const { createFleetCounter, playScenario } = await import('@offhook/lab');
  const { config, plugins } = contender;
  const counter = createFleetCounter(config.lines.length);
  const timeline = await playScenario({
    config,
    scenario: drill.scenario,
    interrupted,
    onEntry: counter.add,
    ...(plugins === undefined ? {} : { plugins }),
  });
  const fleet = counter.result();
  if (options.svg !== undefined) {
    const { drawFleet } = await import('../drill/fleet-picture.ts');
    writeFileSync(options.svg, drawFleet(drill.title, fleet, timeline));
  }
  output.result({ ...fleet, totals: fleetTotals(fleet), untilS: timeline.untilS }, (paint) =>
    fleetText(drill, fleet, timeline, paint),
  );
}

/** Exit 2 when the drill or a configuration is at fault. */
export async function drill(path: string, options: DrillOptions, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const read = await loadDrill(path);
  const seeded = options.seed === undefined ? read.drill.scenario : { ...read.drill.scenario, seed: options.seed };
  const loaded = { ...read, drill: { ...read.drill, scenario: seeded } };
  const contenders: Contender[] = [];
  for (const choice of choicesOf(options)) contenders.push(await loadContender(path, loaded, choice));
  for (const { findings } of contenders) warn(findings, output);
  const [first, second] = contenders;
  if (first === undefined) return exit.usage;
  knownLine(options.line, first);
  const isFleet = first.config.lines.length > fleetLines && options.line === undefined;
  if (isFleet && second === undefined) {
    await playFleet(first, loaded.drill, options, output, interrupted);
    return interrupted.aborted ? exit.interrupted : exit.done;
  }
  const played: Played[] = [];
  for (const contender of contenders) played.push(await play(contender, loaded.drill, interrupted));
  if (interrupted.aborted) return exit.interrupted;
  const [one, other] = played;
  if (one === undefined) return exit.usage;
  if (options.svg !== undefined) {
    const { drawDrill } = await import('../drill/picture.ts');
    const drawn = played.map(({ contender, timeline, outcome, story }) => ({ name: contender.name, timeline, outcome, story }));
    writeFileSync(options.svg, drawDrill(loaded.drill.title, drawn, options.line));
  }
  if (other === undefined) output.result(report(one), (paint) => playedText(loaded.drill, one, options.line, paint));
  else {
    const comparison = compareOutcomes(one.outcome, other.outcome);
    output.result({ compared: [report(one), report(other)], differences: comparison }, (paint) =>
      [
        headText(loaded.drill, one, paint),
        comparisonText(
          { name: one.contender.name, text: storyText(one.story, paint) },
          { name: other.contender.name, text: storyText(other.story, paint) },
          comparison,
          paint,
        ),
      ].join('\n'),
    );
  }
  return exit.done;
}
