import { expect, it } from 'vitest';
import { didYouMean } from './suggest.ts';

it('finds the word that was meant, whatever its case and punctuation', () => {
  const words = ['dualRegistration', 'proxy', 'outboundProxy', 'register'];
  expect(didYouMean('Dual_Registration', words)).toBe('dualRegistration');
  expect(didYouMean('porxy', words)).toBe('proxy');
  expect(didYouMean('outbondproxy', words)).toBe('outboundProxy');
});

it('suggests nothing for a word that resembles none', () => {
  expect(didYouMean('colour', ['proxy', 'register'])).toBeUndefined();
  expect(didYouMean('', ['proxy'])).toBeUndefined();
  expect(didYouMean('x', [])).toBeUndefined();
});
