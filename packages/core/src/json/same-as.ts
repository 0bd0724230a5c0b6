import type { z } from 'zod';
import type { Flow } from '../contracts/transport.ts';
import type { LineKey } from '../line-key.ts';

/** A type as JSON knows it: without what only the compiler sees. */
type Plain<T> = unknown extends T
  ? unknown
  : T extends Flow | LineKey
    ? string
    : T extends readonly (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? { -readonly [Name in keyof T]: Plain<T[Name]> }
        : T;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** The schema of a type. It does not compile where one has what the other has not, so that neither can drift away from the other. */
export const sameAs =
  <T>() =>
  <S extends z.ZodType>(schema: Same<Plain<z.output<S>>, Plain<T>> extends true ? S : never): z.ZodType<T> =>
    schema as z.ZodType as z.ZodType<T>;
