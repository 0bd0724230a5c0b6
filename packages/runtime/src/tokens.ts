import type { Ambient, Bus, Locator, Subjects, Transport } from '@offhook/core';
import type { Edge } from '@offhook/edge';
import type { InjectionToken } from 'tsyringe';
import type { Policies } from './policies.ts';
import type { Supervisor } from './supervisor.ts';

const token = <T>(name: string): InjectionToken<T> => Symbol(name) as InjectionToken<T>;

/** What the container of one runtime holds. */
export const tokens = {
  ambient: token<Ambient>('ambient'),
  bus: token<Bus>('bus'),
  subjects: token<Subjects>('subjects'),
  locator: token<Locator>('locator'),
  transports: token<readonly Transport[]>('transports'),
  policies: token<Policies>('policies'),
  edge: token<Edge>('edge'),
  supervisor: token<Supervisor>('supervisor'),
};
