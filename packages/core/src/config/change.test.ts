import { describe, expect, it } from 'vitest';
import { planLines, stageLine } from './change.ts';
import { type ExtConfig, lineConfig, phoneConfig } from './line.ts';

const line = (ext: Partial<ExtConfig>, phone = phoneConfig()) =>
  lineConfig({ id: '1', ext: { userId: '1', proxy: 'a.example', alternateProxy: 'b.example', ...ext }, phone });

describe('configuration change (redundancy 6.10)', () => {
  it('RED-96 stages Dual Registration until the restart', () => {
    const { active, changes, restartRequired } = stageLine(line({}), line({ dualRegistration: true }));
    expect(restartRequired).toBe(true);
    expect(active.ext.dualRegistration).toBe(false);
    expect(changes).toEqual([{ scope: 'ext', key: 'dualRegistration', apply: 'restart' }]);
  });

  it('lets other parameters through beside a staged one', () => {
    const { active, changes } = stageLine(
      line({}),
      line({ alternateProxy: 'c.example', proxyFallbackIntvl: 60, displayName: 'Desk' }),
    );
    expect(active.ext).toMatchObject({ alternateProxy: 'b.example', proxyFallbackIntvl: 60, displayName: 'Desk' });
    expect(changes.map(({ key, apply }) => `${key} ${apply}`).sort()).toEqual([
      'alternateProxy restart',
      'displayName transaction',
      'proxyFallbackIntvl transaction',
    ]);
  });

  it('compares lists by their items and finds nothing between equal lines', () => {
    const codecs = () => line({ preferredCodecs: ['PCMU'] });
    expect(stageLine(codecs(), codecs())).toMatchObject({ changes: [], restartRequired: false });
  });

  it('stages the preset of a phone', () => {
    const { active, restartRequired } = stageLine(
      line({}),
      line({}, phoneConfig({ xDefaultsPreset: 'mpp-11.3', sipTimerB: 32 })),
    );
    expect(active.phone).toMatchObject({ xDefaultsPreset: 'seed', sipTimerB: 32 });
    expect(restartRequired).toBe(true);
  });

  it('holds what belongs to the whole line as well, where it is told to', () => {
    const { active, changes } = stageLine(
      line({}),
      line({ proxy: 'c.example', proxyFallbackIntvl: 60, dualRegistration: true }),
      ['restart', 'line'],
    );
    expect(active.ext).toMatchObject({ proxy: 'a.example', proxyFallbackIntvl: 60, dualRegistration: false });
    expect(changes).toHaveLength(3);
  });

  it('lets lines share the phone that is in force meanwhile', () => {
    const [before, after] = [phoneConfig(), phoneConfig({ xDefaultsPreset: 'mpp-11.3', sipTimerB: 32 })];
    const [one, two] = ['1', '2'].map((id) => stageLine({ ...line({}, before), id }, { ...line({}, after), id }).active.phone);
    expect(one).toBe(two);
  });

  it('plans what becomes of every line', () => {
    const of = (id: string, ext: Partial<ExtConfig> = {}) =>
      lineConfig({ id, ext: { userId: id, proxy: 'a.example', ...ext }, phone: phoneConfig() });
    expect(planLines([of('1'), of('2'), of('3')], [of('1'), of('3', { displayName: 'Desk' }), of('4')])).toEqual([
      { line: '3', what: 'changed', changes: [{ scope: 'ext', key: 'displayName', apply: 'transaction' }] },
      { line: '4', what: 'added', changes: [] },
      { line: '2', what: 'removed', changes: [] },
    ]);
  });
});
