import { lineKey, ownedHeadersSchema, slotCount, slotOf } from '@offhook/core';
import { z } from 'zod';
import { type BusApiChannel, type BusApiMessage, type BusApiOperation, busApi } from './channels.ts';
import { namedSchemas } from './schemas.ts';

/* The bus as an AsyncAPI document, for whoever is no part of this repository. @source AsyncAPI 3.0.0 */

type Json = Readonly<Record<string, unknown>>;

const example = lineKey('1001');
const parameters: Readonly<Record<string, Json>> = {
  cluster: { description: 'Name of the cluster: `cluster` of the configuration.', default: 'local' },
  slot: {
    description: `Slot of the line key, 0 to ${slotCount - 1}: its FNV-1a hash (32 bits) modulo ${slotCount}. Status and the list of lines name it.`,
    examples: [String(slotOf(example))],
  },
  key: {
    description:
      'Line key: twelve characters of lowercase base32, made of the id of the line. Status and the list of lines name it.',
    examples: [example],
  },
  edge: { description: 'Name of the edge: `edge.name` of the configuration; in a cluster its id.', default: 'edge' },
  member: { description: 'Id of a line host or an edge of a cluster.' },
};

const ref = (...path: readonly string[]): Json => ({ $ref: `#/${path.join('/')}` });
const byName = <T>(items: readonly T[], entry: (item: T) => readonly [string, unknown]): Json =>
  Object.fromEntries(items.map(entry));

const parametersOf = ({ address }: BusApiChannel): readonly string[] =>
  [...address.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
const messagesOf = ({ message, answers = [] }: BusApiOperation): readonly BusApiMessage[] => [message, ...answers];

/** Answers go to a subject that the one who asks has made up. */
const inbox = 'inbox';

function channels(api: readonly BusApiChannel[]): Json {
  const answers = api.flatMap(({ operations }) => operations.flatMap(({ answers = [] }) => answers));
  const messages = (all: readonly BusApiMessage[]): Json =>
    byName(all, ({ name }) => [name, ref('components', 'messages', name)]);
  return {
    ...byName(api, (channel) => [
      channel.name,
      {
        address: channel.address,
        description: channel.about,
        messages: messages(channel.operations.map(({ message }) => message)),
        parameters: byName(parametersOf(channel), (name) => [name, ref('components', 'parameters', name)]),
      },
    ]),
    [inbox]: {
      address: null,
      description: 'The reply subject of a request, made up by the client of NATS that asks.',
      messages: messages(answers),
    },
  };
}

/** Of each channel what the parts of Offhook do there; others do the opposite. */
function operations(api: readonly BusApiChannel[]): Json {
  const made = api.flatMap((channel) => {
    const sides = [
      ...(channel.from === 'anyone' ? [] : [{ who: channel.from, action: 'send' }]),
      ...(channel.to === 'anyone' ? [] : [{ who: channel.to, action: 'receive' }]),
    ];
    return channel.operations.flatMap(({ message, answers = [] }) =>
      sides.map(({ who, action }): readonly [string, unknown] => [
        `${message.name}.${action}`,
        {
          action,
          summary: `${message.about} (${who} ${action === 'send' ? 'sends' : 'receives'})`,
          channel: ref('channels', channel.name),
          messages: [ref('channels', channel.name, 'messages', message.name)],
          ...(answers.length > 0 && {
            reply: {
              channel: ref('channels', inbox),
              messages: answers.map(({ name }) => ref('channels', inbox, 'messages', name)),
            },
          }),
        },
      ]),
    );
  });
  return Object.fromEntries(made);
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const isSchema = (payload: BusApiMessage['payload']): payload is z.ZodType => typeof payload !== 'string';

/** The name a schema has among the components; one that belongs to a message alone takes the name of that. */
function nameOf(schema: z.ZodType, { name }: BusApiMessage): string {
  return Object.entries(namedSchemas).find(([, known]) => known === schema)?.[0] ?? capital(name);
}

/** Most say who owns the line, and no more. */
const headersName = (headers: z.ZodType, { name }: BusApiMessage): string =>
  headers === ownedHeadersSchema ? 'OwnedHeaders' : `${capital(name)}Headers`;

function messageOf(message: BusApiMessage): Json {
  const { name, about, payload, headers } = message;
  const contents = isSchema(payload)
    ? { contentType: 'application/json', payload: ref('components', 'schemas', nameOf(payload, message)) }
    : payload === 'sip'
      ? { contentType: 'message/sip', payload: { type: 'string', format: 'binary', description: 'Bytes of one SIP message.' } }
      : {};
  return {
    name,
    summary: about,
    ...(headers && { headers: ref('components', 'schemas', headersName(headers, message)) }),
    ...contents,
  };
}

/** JSON Schemas (draft 7, as AsyncAPI has it) that refer to one another. */
function schemas(messages: readonly BusApiMessage[]): Json {
  const named = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(namedSchemas)) named.add(schema, { id });
  for (const message of messages) {
    const { payload, headers } = message;
    if (isSchema(payload) && !named.has(payload)) named.add(payload, { id: nameOf(payload, message) });
    if (headers !== undefined && !named.has(headers)) named.add(headers, { id: headersName(headers, message) });
  }
  const { schemas: made } = z.toJSONSchema(named, {
    target: 'draft-7',
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
    // That a number is whole is said already.
    override({ jsonSchema }) {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return byName(Object.entries(made), ([id, { $schema: _, $id: __, ...schema }]) => [id, schema]);
}

/** The AsyncAPI 3.0.0 document of the bus. */
export function asyncApi(): Json {
  const api = busApi();
  const all = api.flatMap((channel) => channel.operations.flatMap(messagesOf));
  const messages = [...new Map(all.map((message) => [message.name, message])).values()];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Offhook bus',
      version: '1.0.0',
      description: [
        'What travels between the edges and the line hosts of Offhook, and what any program with a connection to the same NATS server may ask and hear.',
        'SIP travels as bytes and headers, all else as JSON. A reader ignores fields it does not know; commands take no arguments they do not know.',
        'There is no password, nonce or digest response outside the SIP messages themselves.',
      ].join('\n'),
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      nats: {
        host: '{host}:{port}',
        protocol: 'nats',
        description: 'The NATS server of `bus.url` in the configuration. Without one the bus is inside the process.',
        variables: {
          host: { default: 'localhost', description: 'Where nats-server runs.' },
          port: { default: '4222', description: 'Its port.' },
        },
      },
    },
    channels: channels(api),
    operations: operations(api),
    components: {
      parameters,
      messages: byName(messages, (message) => [message.name, messageOf(message)]),
      schemas: schemas(messages),
    },
  };
}
