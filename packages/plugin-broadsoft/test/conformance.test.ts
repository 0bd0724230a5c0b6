import { policyKit, policySubject, runKit } from '@offhook/core/testkit';
import { describe, it } from 'vitest';
import { create } from '../src/index.ts';

describe('broadsoft', () => runKit(policyKit, it, async () => policySubject(create()), ['yields']));
