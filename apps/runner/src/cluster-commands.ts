import { type Command, Option } from 'commander';
import { logLevels, parseBusUrl, parseName, parsePath } from './arguments.ts';
import type { ClusterChoice, ClusterDoor } from './cluster/door.ts';
import type { ApplyOptions } from './commands/cluster-apply.ts';
import type { MemberOptions } from './commands/member.ts';
import type { ExitCode } from './exit.ts';
import { command, type Frame } from './frame.ts';

type MemberFlags = Omit<MemberOptions, 'config'>;

const about = {
  host: 'run a line host of a cluster: it owns lines, edges own the sockets',
  edge: 'run an edge of a cluster: it owns the sockets, line hosts own the lines',
} as const;

function addMember(program: Command, role: 'host' | 'edge', { output, finish, interrupts }: Frame): void {
  command(program, role, about[role])
    .argument('[config]', 'YAML with cluster, bus, takeover and edge; its lines do not count, those of the cluster do')
    .option('--bus <url>', 'NATS bus of the cluster, nats://host:4222', parseBusUrl)
    .option('--cluster <name>', 'cluster to be a member of; default: the one of the configuration, else local', parseName)
    .option('--name <name>', 'name in the cluster, unlike any other; default: made of the host name and the process', parseName)
    .addOption(new Option('--log-level <level>', 'how much is logged on standard error').choices(logLevels).default('warn'))
    .action(async (config: string | undefined, options: MemberFlags) => {
      const { runMember } = await import('./commands/member.ts');
      finish(await runMember(role, { ...options, ...(config === undefined ? {} : { config }) }, output, interrupts.signal()));
    });
}

/** Commands to a cluster as a whole, over its bus. */
export function addCluster(program: Command, frame: Frame): void {
  const { finish, output } = frame;
  addMember(program, 'host', frame);
  addMember(program, 'edge', frame);
  const cluster = program.command('cluster').description('look at a cluster and change it');
  const ask = (name: string, description: string): Command =>
    command(cluster, name, description)
      .option('--bus <url>', 'NATS bus of the cluster; default: $OFFHOOK_BUS', parseBusUrl)
      .option('--cluster <name>', 'name of the cluster', parseName, 'local')
      .option('--config <file>', 'configuration whose bus section has the credentials', parsePath);
  const within = async (choice: ClusterChoice, use: (door: ClusterDoor) => Promise<ExitCode>): Promise<void> => {
    const door = await (await import('./cluster/door.ts')).openCluster(choice, process.env);
    try {
      finish(await use(door));
    } finally {
      await door.close();
    }
  };
  const commands = () => import('./commands/cluster.ts');

  ask('status', 'members, slots and lines; exit 1 where a slot has no owner, or a member does not answer or has a fault').action(
    (choice: ClusterChoice) => within(choice, async (door) => (await commands()).status(door, output)),
  );
  ask('lines', 'every line with the host that runs it').action((choice: ClusterChoice) =>
    within(choice, async (door) => (await commands()).lines(door, output)),
  );
  ask('move', 'give the slot of a line, with all its lines, to a line host')
    .argument('<line>', 'id of a line')
    .argument('<host>', 'name of a line host')
    .action((line: string, host: string, choice: ClusterChoice) =>
      within(choice, async (door) => (await commands()).move(door, line, host, output)),
    );
  ask('drain', 'have a line host or an edge hand over what it has, and end')
    .argument('<member>', 'name of a line host or an edge')
    .action((id: string, choice: ClusterChoice) => within(choice, async (door) => (await commands()).drain(door, id, output)));
  ask('apply', 'put a configuration in force on all hosts and edges; what it changes is shown first')
    .argument('<file>', 'YAML or flat-profile XML', parsePath)
    .option('--yes', 'apply it without a question', false)
    .option('--strict', 'refuse it where a value would be repaired or a mechanism refused', false)
    .action((file: string, options: ClusterChoice & ApplyOptions) =>
      within(options, async (door) => (await import('./commands/cluster-apply.ts')).apply(door, file, options, output)),
    );
}
