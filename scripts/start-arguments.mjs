/**
 * What `npm start -- …` hands to `offhook`: flags alone belong to the demo, anything else is passed on as it is.
 * @param {readonly string[]} args @returns {string[]}
 */
export function startArguments(args) {
  const [first] = args;
  const complete = first !== undefined && (!first.startsWith('-') || ['-h', '--help', '-V', '--version'].includes(first));
  return complete ? [...args] : ['demo', ...args];
}
