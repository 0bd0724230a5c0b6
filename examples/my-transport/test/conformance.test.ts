import { datagramSubject, runKit, transportKit } from '@offhook/core/testkit';
import { describe, it } from 'vitest';
import { create } from '../src/index.ts';

describe('my-transport', () => runKit(transportKit, it, async () => datagramSubject(create), ['datagram']));
