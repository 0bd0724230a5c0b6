import { asyncApi } from '@offhook/runtime';

/** The document as it is read: JSON. */
export const document = JSON.parse(JSON.stringify(asyncApi())) as {
  readonly channels: Readonly<Record<string, { readonly address: string | null }>>;
  readonly operations: Readonly<Record<string, { readonly channel: Ref; readonly messages: readonly Ref[] }>>;
  readonly components: Readonly<Record<'messages' | 'schemas' | 'parameters', Readonly<Record<string, unknown>>>>;
};

export interface Ref {
  readonly $ref: string;
}

/** Every reference that stands below a value. */
export function refsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(refsIn)];
}

/** What a reference leads to; undefined when it leads nowhere. */
export const follow = (ref: string): unknown =>
  ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((value, step) => (value as Readonly<Record<string, unknown>> | undefined)?.[step], document);
