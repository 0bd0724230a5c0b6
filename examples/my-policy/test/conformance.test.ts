import { policyKit, policySubject, runKit } from '@offhook/core/testkit';
import { describe, it } from 'vitest';
import { create } from '../src/index.ts';

describe('my-policy', () => runKit(policyKit, it, async () => policySubject(create()), ['yields']));
