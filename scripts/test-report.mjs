/**
 * Adds up the JSON reports of the test runners, so that a replayed run counts like a fresh one.
 *
 * @typedef {object} Suite
 * @property {string} name of the workspace
 * @property {any} [report] what vitest wrote; missing when the runner crashed before
 *
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {{ suite: string, title: string, detail: string }[]} failures
 * @property {{ suite: string, title: string }[]} skips
 */

/** @param {string} detail @returns {string} its first lines, without the runner's own stack frames */
function shorten(detail) {
  const lines = detail.split('\n').filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line));
  return lines.slice(0, 12).join('\n').trimEnd();
}

/** @param {any} file one entry of `testResults` @param {boolean} peersRequired */
function readFile(file, peersRequired) {
  const tests = file.assertionResults;
  const failed = tests.filter((/** @type {any} */ test) => test.status === 'failed');
  const failures = failed.map((/** @type {any} */ test) => ({
    title: test.fullName,
    detail: shorten(test.failureMessages.join('\n')),
  }));
  // A file that does not even load, or whose hooks fail, has a message and no failed test of its own.
  if (file.status === 'failed' && failed.length === 0) failures.push({ title: file.name, detail: shorten(file.message) });
  const passed = tests.filter((/** @type {any} */ test) => test.status === 'passed').length;
  const skips = tests
    .filter((/** @type {any} */ test) => !['passed', 'failed'].includes(test.status))
    .map((/** @type {any} */ test) => test.fullName);
  if (!peersRequired || !file.name.includes('/test/peers/')) return { passed, failures, skips };
  const missed = skips.map((/** @type {string} */ title) => ({
    title,
    detail: 'Skipped, and OFFHOOK_PEERS=required says that every peer is here.',
  }));
  return { passed, failures: [...failures, ...missed], skips: [] };
}

/**
 * @param {readonly Suite[]} suites every workspace that must have run
 * @param {boolean} endedWell whether the task runner saw no failing task
 * @param {boolean} [peersRequired] a peer suite that skips a test has then failed
 * @returns {Tally}
 */
export function tally(suites, endedWell, peersRequired = false) {
  /** @type {Tally} */
  const sum = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] };
  for (const { name: suite, report } of suites) {
    const files = report ? report.testResults.map((/** @type {any} */ file) => readFile(file, peersRequired)) : [];
    const count = files.reduce(
      (/** @type {number} */ n, /** @type {any} */ file) => n + file.passed + file.failures.length + file.skips.length,
      0,
    );
    if (!report)
      sum.failures.push({
        suite,
        title: 'the test runner',
        detail: 'It ended without a report: it crashed or was never started.',
      });
    else if (count === 0) sum.failures.push({ suite, title: 'the test runner', detail: 'It found no test.' });
    for (const { passed, failures, skips } of files) {
      sum.passed += passed;
      for (const failure of failures) sum.failures.push({ suite, ...failure });
      for (const title of skips) sum.skips.push({ suite, title });
    }
  }
  if (!endedWell && sum.failures.length === 0) {
    sum.failures.push({
      suite: 'all',
      title: 'a test runner',
      detail: 'It failed outside its tests, by an unhandled error for example; see above.',
    });
  }
  sum.failed = sum.failures.length;
  sum.skipped = sum.skips.length;
  return sum;
}

/** @param {Tally} sum @returns {string} what `npm test` prints last; its last line is the count alone */
export function formatTally(sum) {
  const lines = [];
  if (sum.skips.length > 0) lines.push('', 'Skipped:', ...sum.skips.map(({ suite, title }) => `  ${suite}: ${title}`));
  for (const { suite, title, detail } of sum.failures) lines.push('', `FAILED ${suite}: ${title}`, detail.replace(/^/gm, '    '));
  lines.push('', `${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  return lines.join('\n');
}
