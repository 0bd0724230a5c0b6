import type { ConfigPath, Finding, SourcePosition } from './finding.ts';
import { formatPath } from './finding.ts';

/** Finds the place of a value in the file it came from; the nearest place around it when it is not written there. */
export type Locate = (path: ConfigPath) => SourcePosition | undefined;

export type Note = Omit<Finding, 'path' | 'at'>;

/** What a reading of a configuration has found so far. */
export interface Notes {
  readonly findings: Finding[];
  /** At least one fault leaves no configuration to run. */
  readonly refused: boolean;
  /** A finding with its place, not yet added. */
  place(path: ConfigPath, note: Note): Finding;
  add(path: ConfigPath, note: Note): void;
  /** Adds an error that makes the whole configuration unreadable. */
  refuse(path: ConfigPath, note: Omit<Note, 'severity'>): void;
}

export function createNotes(locate: Locate | undefined): Notes {
  const findings: Finding[] = [];
  let refused = false;
  const place = (path: ConfigPath, note: Note): Finding => {
    const at = locate?.(path);
    return { ...note, path: formatPath(path), ...(at === undefined ? {} : { at }) };
  };
  const add = (path: ConfigPath, note: Note): void => {
    findings.push(place(path, note));
  };
  return {
    findings,
    place,
    get refused() {
      return refused;
    },
    add,
    refuse(path, note) {
      refused = true;
      add(path, { severity: 'error', ...note });
    },
  };
}
