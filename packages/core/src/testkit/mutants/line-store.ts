import type { Leg } from '../../contracts/decision.ts';
import type { LegFacts, LineStore } from '../../contracts/line-store.ts';
import type { Mutants } from '../kit.ts';
import { someFacts } from '../line-store-subject.ts';

type Save = readonly [line: string, leg: Leg, facts: LegFacts | undefined];

/** A store whose methods can be replaced one by one. */
const bound = (good: LineStore): LineStore => ({
  load: (line) => good.load(line),
  save: (line, leg, facts) => good.save(line, leg, facts),
  flush: () => good.flush(),
  close: () => good.close(),
});

/** Changes the arguments of each save. */
const saving = (good: LineStore, change: (...save: Save) => Save): LineStore => ({
  ...bound(good),
  save: (...save) => good.save(...change(...save)),
});

/** Calls a line by another name, at both ends. */
const renaming = (good: LineStore, rename: (line: string) => string): LineStore => ({
  ...bound(good),
  load: (line) => good.load(rename(line)),
  save: (line, leg, facts) => good.save(rename(line), leg, facts),
});

const keepsTheFirst = (good: LineStore): LineStore => {
  const known = new Set<string>();
  return {
    ...bound(good),
    save(line, leg, facts) {
      const key = `${leg} ${line}`;
      if (facts === undefined) known.delete(key);
      else if (known.has(key)) return;
      else known.add(key);
      good.save(line, leg, facts);
    },
  };
};

const aliasesWhatIsSaved = (good: LineStore): LineStore => {
  const given = new Map<string, LegFacts | undefined>();
  return {
    ...bound(good),
    save(line, leg, facts) {
      given.set(`${leg} ${line}`, facts);
      good.save(line, leg, facts);
    },
    async load(line) {
      const found = Object.entries(await good.load(line));
      return Object.fromEntries(found.map(([leg, facts]) => [leg, given.get(`${leg} ${line}`) ?? facts]));
    },
  };
};

const aliasesWhatIsLoaded = (good: LineStore): LineStore => {
  const given = new Map<string, Awaited<ReturnType<LineStore['load']>>>();
  return {
    ...bound(good),
    save(line, leg, facts) {
      given.delete(line);
      good.save(line, leg, facts);
    },
    async load(line) {
      const found = given.get(line) ?? (await good.load(line));
      given.set(line, found);
      return found;
    },
  };
};

/** Holds saves back until a flush or the end, and then hands them on as `order` has them. */
const inGroups = (good: LineStore, order: (group: readonly Save[]) => readonly Save[]): LineStore => {
  let group: Save[] = [];
  const handOn = (): void => {
    for (const save of order(group)) good.save(...save);
    group = [];
  };
  return {
    load(line) {
      const late = group.findLast(([name]) => name === line);
      return late === undefined ? good.load(line) : Promise.resolve(late[2] === undefined ? {} : { [late[1]]: late[2] });
    },
    save: (...save) => void group.push(save),
    flush() {
      handOn();
      return good.flush();
    },
    close() {
      handOn();
      return good.close();
    },
  };
};

/** What is saved between the call of flush and its end counts as written. */
const clearsTooMuch = (good: LineStore): LineStore => {
  let isFlushing = false;
  return {
    ...bound(good),
    save: (...save) => (isFlushing ? undefined : good.save(...save)),
    async flush() {
      isFlushing = true;
      await good.flush();
      isFlushing = false;
    },
  };
};

const flushesForOne = (good: LineStore): LineStore => {
  let isFlushing = false;
  return {
    ...bound(good),
    async flush() {
      if (isFlushing) throw new Error('busy');
      isFlushing = true;
      await good.flush();
      isFlushing = false;
    },
  };
};

const keepsFew = (good: LineStore, most: number): LineStore => {
  const known = new Set<string>();
  return {
    ...bound(good),
    save(line, leg, facts) {
      known.add(line);
      if (known.size <= most) good.save(line, leg, facts);
    },
  };
};

const closesOnce = (good: LineStore): LineStore => {
  let isClosed = false;
  return {
    ...bound(good),
    async close() {
      if (isClosed) throw new Error('closed');
      isClosed = true;
      await good.close();
    },
  };
};

const throwsWhenClosed = (good: LineStore): LineStore => {
  let isClosed = false;
  return {
    ...bound(good),
    save(...save) {
      if (isClosed) throw new Error('closed');
      good.save(...save);
    },
    close() {
      isClosed = true;
      return good.close();
    },
  };
};

/** Each breaks the rule it is named after. */
export const lineStoreMutants: Mutants<LineStore> = {
  'answers with nothing for a line it never saw': (good) => ({
    ...bound(good),
    async load(line) {
      const found = await good.load(line);
      return line === '2000' && Object.keys(found).length === 0 ? { primary: someFacts(0) } : found;
    },
  }),
  'gives back all that was saved': (good) =>
    saving(good, (line, leg, facts) => [line, leg, facts && { ...facts, refreshAtMs: Math.trunc(facts.refreshAtMs) }]),
  'gives back the latest facts of a leg': keepsTheFirst,
  'keeps the two legs of a line apart': (good) => saving(good, (line, _, facts) => [line, 'primary', facts]),
  'keeps lines apart': (good) => renaming(good, (line) => line.replace(/[a-z]$/, '')),
  'forgets a leg that is saved as undefined, and that leg alone': (good) => ({
    ...bound(good),
    save(line, leg, facts) {
      good.save(line, leg, facts);
      if (facts === undefined) good.save(line, leg === 'primary' ? 'alternate' : 'primary', undefined);
    },
  }),
  'keeps a copy: facts changed after their save change nothing in it': aliasesWhatIsSaved,
  'gives a copy: loaded facts that are changed change nothing in it': aliasesWhatIsLoaded,
  'has everything durable when flush resolves': (good) => ({ ...bound(good), flush: async () => {} }),
  'does not bring back what was forgotten': (good) => ({
    ...bound(good),
    save: (line, leg, facts) => void (facts === undefined || good.save(line, leg, facts)),
  }),
  'has the last of many saves durable, not an earlier one': (good) => inGroups(good, (group) => [...group].reverse()),
  'loses nothing that is saved while it flushes': clearsTooMuch,
  'flushes with nothing to do, and for several callers at once': flushesForOne,
  'takes any text for the name of a line': (good) => renaming(good, (line) => line.normalize('NFC')),
  'keeps many lines': (good) => keepsFew(good, 1_000),
  'has everything durable when close resolves': (good) => ({ ...bound(good), close: async () => {} }),
  'closes again, and flushes once closed, without harm': closesOnce,
  'ignores what is saved once it is closed': throwsWhenClosed,
  'refuses to load once it is closed': (good) => ({ ...bound(good), load: (line) => good.load(line).catch(() => ({})) }),
};
