import { writeFileSync } from 'node:fs';
import { CommandError } from '@offhook/core';
import type { Explanation } from '@offhook/runtime';
import { type ExitCode, exit } from '../exit.ts';
import { explainText } from '../explain-text.ts';
import type { Output } from '../output.ts';
import { requestStory, storyText } from '../request-story.ts';
import type { Connect } from './remote.ts';

export interface ExplainOptions {
  /** `r12` or `c3`: that request or call instead of the line. */
  readonly request?: string;
  /** File to write the diagram to. */
  readonly svg?: string;
}

async function ask(connect: Connect, line: string): Promise<Explanation> {
  const client = await connect();
  try {
    return (await client.ask('explain', { line })) as Explanation;
  } finally {
    client.close();
  }
}

async function draw(found: Explanation, path: string): Promise<void> {
  const { explanationSvg } = await import('../svg/explanation.ts');
  try {
    writeFileSync(path, explanationSvg(found));
  } catch (cause) {
    const message = `Cannot write ${path}: ${(cause as Error).message}. Name a file in a folder that you can write to.`;
    throw new CommandError('E_COMMAND_INVALID', message, { cause });
  }
}

/** What a line does and why, or one of its requests; with `svg` also as a diagram. */
export async function explain(connect: Connect, line: string, options: ExplainOptions, output: Output): Promise<ExitCode> {
  const { request, svg } = options;
  const found = await ask(connect, line);
  const story = request === undefined ? undefined : requestStory(found, request);
  if (svg !== undefined) await draw(found, svg);
  if (story !== undefined) output.result(story, (paint) => storyText(story, paint));
  else output.result(found, (paint) => explainText(found, paint));
  if (svg !== undefined) output.say(`Diagram written to ${svg}.`);
  return exit.done;
}
