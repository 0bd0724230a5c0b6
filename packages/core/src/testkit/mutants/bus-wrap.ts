import type { Bus, BusMessage } from '../../contracts/bus.ts';

/** A copy whose methods may be replaced one by one. */
export const bound = (good: Bus): Bus => ({
  publish: (subject, payload, options) => good.publish(subject, payload, options),
  reaches: (subject) => good.reaches(subject),
  subscribe: (subject, handler, options) => good.subscribe(subject, handler, options),
  request: (subject, payload, options) => good.request(subject, payload, options),
  flush: () => good.flush(),
  drain: () => good.drain(),
});

/** Changes what handlers are given. */
export const receiving = (good: Bus, change: (message: BusMessage) => Partial<BusMessage>): Bus => ({
  ...bound(good),
  subscribe: (subject, handler, options) =>
    good.subscribe(
      subject,
      (message) => {
        const { subject: to, payload, headers, reply } = message;
        const respond: BusMessage['respond'] = (answer, answerHeaders) => message.respond(answer, answerHeaders);
        handler({ subject: to, payload, headers, ...(reply === undefined ? {} : { reply }), respond, ...change(message) });
      },
      options,
    ),
});

/** Just after the caller's stack. */
export const soon = (task: () => void): void => void Promise.resolve().then(task);
