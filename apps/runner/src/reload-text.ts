import { parameterByKey } from '@offhook/core';
import type { AppliedLine, LineChange, MechanismAnswer } from '@offhook/runtime';
import type { Paint } from './paint.ts';
import type { ReloadReport } from './reload.ts';
import { alike, findingText } from './text.ts';

/* What a change of configuration did, as people read it. */

const effects: Readonly<Record<LineChange['takesEffect'], string>> = {
  now: 'counts from now on',
  line: 'the line registers anew with it',
  'last-call': 'waits for the last call of the line to end',
  restart: 'waits for a restart: offhook restart LINE',
};

function changeText({ scope, key, takesEffect }: LineChange): string {
  return `${parameterByKey(scope, key)?.label ?? key}: ${effects[takesEffect]}`;
}

const rowsOf = ({ what, changes }: AppliedLine): readonly string[] => (what === 'changed' ? changes.map(changeText) : [what]);

export function reloadText({ path, findings, lines, sections }: ReloadReport, paint: Paint): string {
  const changes = alike(lines.flatMap((applied) => rowsOf(applied).map((row) => [row, applied.line] as const)));
  const rows = [
    ...changes.map(([row, who]) => `  ${who}  ${row}`),
    ...sections.map((name) => `  ${name}  waits for a restart of the runner`),
  ];
  return [
    ...findings.map((finding) => findingText(finding, paint)),
    `${path}: ${rows.length === 0 ? 'nothing has changed.' : 'read anew.'}`,
    ...rows,
  ].join('\n');
}

export function mechanismText({ line, mechanism, rules, restartRequired, findings }: MechanismAnswer, paint: Paint): string {
  const ruling = rules === undefined ? 'no mechanism rules the line' : `${rules} rules the line`;
  const when = restartRequired ? `; it is not in force before the line is restarted: offhook restart ${line}` : '';
  return [
    `${line}: X Mechanism is ${mechanism}, ${ruling}${when}.`,
    ...findings.map((finding) => findingText(finding, paint)),
  ].join('\n');
}
