import type { Ambient, Bus, Locator, Subjects, Transport } from '@offhook/core';
import type { Edge } from '@offhook/edge';
import type { InjectionToken } from 'tsyringe';
import type { JudgeLine } from './policies.ts';
import type { Supervisor } from './supervisor.ts';

const token = <T>(name: string): InjectionToken<T> => Symbol(name) as InjectionToken<T>;

/** What the container of one runtime holds. */
export const tokens = {
  ambient: token<Ambient>('ambient'),
  bus: token<Bus>('bus'),
  subjects: token<Subjects>('subjects'),
  locator: token<Locator>('locator'),
  transports: token<readonly Transport[]>('transports'),
  judge: token<JudgeLine>('judge'),
  edge: token<Edge>('edge'),
  supervisor: token<Supervisor>('supervisor'),
};
