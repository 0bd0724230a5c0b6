import { type BusMessage, decodeJson } from '@offhook/core';
import { type BusApiChannel, type BusApiMessage, type BusApiOperation, busApi } from '@offhook/runtime';
import { Ajv, type ValidateFunction } from 'ajv';
import { document } from './document.ts';

/* Real traffic beside what is promised of it: by the schemas of the code, and by the document that is made of them. */

const api = busApi().map((channel) => ({ channel, subject: new RegExp(`^${channel.address.replaceAll(/\{\w+\}/g, '[^.]+')}$`) }));
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document, 'bus');

const promises = new Map<string, ValidateFunction>();
function promised(place: string): ValidateFunction {
  const known = promises.get(place) ?? ajv.compile({ $ref: place });
  promises.set(place, known);
  return known;
}

/** What is wrong with a message, and which it is. */
export interface Judgement {
  readonly name: string;
  readonly faults: readonly string[];
}

const json = (payload: Uint8Array): unknown => decodeJson(payload);
const text = (value: unknown): string => JSON.stringify(value);

function partFaults(
  what: string,
  name: string,
  part: 'payload' | 'headers',
  value: unknown,
  schema: BusApiMessage['payload'],
): readonly string[] {
  if (typeof schema === 'string') return [];
  const { data, error } = schema.safeParse(value);
  const byDocument = promised(`bus#/components/messages/${name}/${part}`);
  const given = text(value);
  return [
    ...(error === undefined ? [] : [`${what}: ${given}: ${text(error.issues)}`]),
    // What the schema does not know is left out of what it reads.
    ...(error === undefined && text(sorted(data)) !== text(sorted(value))
      ? [`${what}: ${given} has more than ${text(data)}`]
      : []),
    ...(byDocument(value) ? [] : [`${what}: ${given}: ${text(byDocument.errors)}`]),
  ];
}

/** With the names of objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, each]) => [name, sorted(each)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function faultsOf({ payload, headers }: BusMessage, message: BusApiMessage): readonly string[] {
  const body =
    message.payload === 'sip'
      ? payload.length > 0
        ? []
        : ['an empty SIP message']
      : message.payload === 'nothing'
        ? payload.length === 0
          ? []
          : ['a payload where none is said']
        : partFaults(message.name, message.name, 'payload', json(payload), message.payload);
  const known = message.headers;
  if (known === undefined)
    return Object.keys(headers).length === 0 ? body : [...body, `${message.name}: headers ${text(headers)}`];
  return [...body, ...partFaults(`headers of ${message.name}`, message.name, 'headers', headers, known)];
}

/** Of several commands of a channel: the one that is meant. */
function operationOf({ operations }: BusApiChannel, { payload }: BusMessage): BusApiOperation | undefined {
  if (operations.length === 1) return operations[0];
  const { command } = json(payload) as { readonly command: string };
  return operations.find(({ message }) => {
    const asked = document.components.schemas[message.name.charAt(0).toUpperCase() + message.name.slice(1)];
    return (asked as { properties?: { command?: { const?: string } } }).properties?.command?.const === command;
  });
}

/** Listens to all of a bus and judges what it hears, answers by their questions. */
export function createJudge() {
  const asked = new Map<string, BusApiOperation>();
  const judged: Judgement[] = [];

  function judgeAnswer(message: BusMessage, { message: question, answers = [] }: BusApiOperation): void {
    const verdicts = answers.map((answer) => ({ name: answer.name, faults: faultsOf(message, answer) }));
    const best = verdicts.find(({ faults }) => faults.length === 0) ?? verdicts[0];
    judged.push(best ?? { name: question.name, faults: ['an answer where none is said'] });
  }

  return {
    judged,
    hear(message: BusMessage): void {
      const operation = asked.get(message.subject);
      if (operation !== undefined) return judgeAnswer(message, operation);
      const channel = api.find(({ subject }) => subject.test(message.subject))?.channel;
      if (channel === undefined) return void judged.push({ name: message.subject, faults: ['a subject that is not said'] });
      const meant = operationOf(channel, message);
      if (meant === undefined)
        return void judged.push({ name: message.subject, faults: [`unknown: ${text(json(message.payload))}`] });
      if (message.reply !== undefined) asked.set(message.reply, meant);
      judged.push({ name: meant.message.name, faults: faultsOf(message, meant.message) });
    },
  };
}
