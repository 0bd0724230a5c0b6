import { parameterByKey } from '@offhook/core';
import type { AppliedLine, LineChange, MechanismAnswer } from '@offhook/runtime';
import type { Paint } from './paint.ts';
import type { ReloadReport } from './reload.ts';
import { findingText } from './text.ts';

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

/** Lines that fare alike stand together: a range of thousands is one row. */
function linesText(lines: readonly AppliedLine[]): readonly string[] {
  const groups = new Map<string, { readonly first: string; count: number }>();
  for (const applied of lines) {
    for (const row of rowsOf(applied)) {
      const group = groups.get(row);
      if (group === undefined) groups.set(row, { first: applied.line, count: 1 });
      else group.count += 1;
    }
  }
  return [...groups].map(([row, { first, count }]) => `  ${first}${count > 1 ? ` and ${count - 1} more` : ''}  ${row}`);
}

export function reloadText({ path, findings, lines, sections }: ReloadReport, paint: Paint): string {
  const rows = [...linesText(lines), ...sections.map((name) => `  ${name}  waits for a restart of the runner`)];
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
