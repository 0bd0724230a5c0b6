import { type Act, type Plot, type Shape, serverAt, serversOf } from './plot.ts';

/* A plot as a story that one can read, with the instants at which it happens. */

const yes = (value: boolean): string => (value ? 'Yes' : 'No');

function tellShape(of: Shape): readonly string[] {
  const list = of.kind.startsWith('list') ? ` of ${serversOf(of).join(', ')}` : '';
  return [
    `A line: ${of.kind}${list}, over ${of.transport}; Register ${yes(of.register)}, Expires ${of.registerExpiresS}, preset ${of.preset}`,
    `  AR ${yes(of.autoRegister)}, PFI ${of.fallbackS}, Try Backup RSC "${of.tryBackupRsc}", Retry Reg RSC "${of.retryRegRsc}"`,
    `  Reg Retry ${of.retryS} (cap ${of.retryCapS}, random ${of.retryRandomS}), long ${of.longRetryS}; Remove Last Reg ${yes(of.removeLastReg)},` +
      ` Make Call Without Reg ${yes(of.callWithoutReg)}, Grace ${of.graceS}, Spread ${of.spreadS}`,
  ];
}

const count = (n: number): string => (n >= 100 ? 'from now on' : n === 1 ? 'once' : `${n} times`);

function tellAct(act: Act, of: Shape): string {
  const name = 'server' in act ? serverAt(of, act.server) : '';
  switch (act.act) {
    case 'silence':
      return `the wire is silent ${act.direction === 'both' ? 'to and from' : act.direction} ${name}`;
    case 'refuse':
      return `${name} refuses (${act.reason})`;
    case 'heal':
      return `the wire to ${name} is put right`;
    case 'hang up':
      return `${name} ends its connections (${act.how})`;
    case 'lose':
      return `the wire to ${name} loses ${act.lossRate * 100} % and takes ${act.delayMs} ms`;
    case 'answer':
      return `${name} answers ${act.method} with ${act.status}${act.retryAfterS === undefined ? '' : ` Retry-After ${act.retryAfterS}`} ${count(act.times)}`;
    case 'ignore':
      return `${name} does not answer ${act.method} ${count(act.times)}`;
    case 'ring on':
      return `${name} answers the next INVITE ${act.status} and nothing more`;
    case 'forget':
      return `${name} loses its bindings`;
    case 'stale nonces':
      return `every nonce of ${name} is stale`;
    case 'grant':
      return `${name} grants ${act.grantS} s from now on`;
    case 'challenge calls':
      return `${name} challenges calls from now on`;
    case 'call':
      return 'the line calls 2000';
    case 'message':
      return 'the line sends a MESSAGE to 2000';
    case 'end calls':
      return 'the line hangs up';
    case 'is called':
      return `3000 calls the line through ${name}${act.answers ? '; the line answers' : ''}`;
    case 'caller hangs up':
      return '3000 hangs up';
    case 'restart':
      return 'the line is restarted';
    case 'power cut':
      return `the power is cut for ${act.offS} s${Object.keys(act.change).length > 0 ? `; staged meanwhile: ${JSON.stringify(act.change)}` : ''}`;
  }
}

/** Lines of text. */
export function tellPlot({ seed, split, shape, steps }: Plot): string {
  let atS = 1;
  let of = shape;
  const acts = steps.map(({ act, thenS }) => {
    const line = `${atS.toFixed(2).padStart(9)}  ${tellAct(act, of)}`;
    if (act.act === 'power cut') {
      of = { ...of, ...act.change };
      atS += act.offS;
    }
    atS += thenS;
    return line;
  });
  return [
    ...tellShape(shape),
    `  world seed ${seed}${split ? ', edge and line apart' : ''}`,
    ...acts,
    `${atS.toFixed(2).padStart(9)}  everything is put right, calls end`,
  ].join('\n');
}
