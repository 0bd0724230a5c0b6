import { registersLine } from '../config/hop.ts';
import type { LineConfig } from '../config/line.ts';
import type { ListSettings } from '../contracts/ranked-list.ts';
import type { Protocol } from '../contracts/transport.ts';

/** Parameters of the rules of a list, as a line has them. @source redundancy reference section 5.7; D-02, D-03, D-04, D-25 */
export function readListSettings(line: LineConfig, protocol: Protocol): ListSettings {
  const { ext } = line;
  return {
    fallbackMs: ext.proxyFallbackIntvl * 1000,
    // A line that does not register moves by its route alone.
    autoRegister: ext.autoRegisterWhenFailover && registersLine(line),
    clock: ext.xFallbackClock,
    isStream: protocol !== 'udp',
    survivabilityMs: ext.survivabilityProxyFallbackIntvl * 1000,
  };
}
