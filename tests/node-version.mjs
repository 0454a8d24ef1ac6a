// Says why this Node is too old, or too odd, for a package of the lock files, by their `engines`. Runs before anything is
// installed.
import { readFileSync } from 'node:fs';

const numbers = (version) => {
  const parts = version.split('.').map(Number).filter(Number.isInteger);
  return [parts[0] || 0, parts[1] || 0, parts[2] || 0];
};
const compare = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** Whether a version is in a range such as `^20.19.0 || >=24`. */
function isIn(version, range) {
  return range.split('||').some((part) => {
    const terms = part
      .replace(/([\^~<>=]) +/g, '$1')
      .trim()
      .split(/\s+/);
    return terms.every((term) => {
      const [, operator, text] = /^([\^~<>=]*)v?(.*)$/.exec(term);
      const order = compare(version, numbers(text));
      if (text === '' || text === '*') return true;
      if (operator === '>=') return order >= 0;
      if (operator === '>') return order > 0;
      if (operator === '<') return order < 0;
      if (operator === '<=') return order <= 0;
      const depth = operator === '^' ? 1 : operator === '~' ? 2 : text.split('.').filter((n) => /^\d+$/.test(n)).length;
      const same = numbers(text)
        .slice(0, depth)
        .every((number, index) => number === version[index]);
      return same && order >= 0;
    });
  });
}

const version = numbers(process.versions.node);
const unmet = new Set();
for (const folder of ['frontend', 'tests', 'tests/sdks']) {
  const lock = new URL(`../${folder}/package-lock.json`, import.meta.url);
  const { packages } = JSON.parse(readFileSync(lock, 'utf8'));
  for (const { engines } of Object.values(packages)) {
    if (engines && engines.node && !isIn(version, engines.node)) unmet.add(engines.node);
  }
}
if (unmet.size > 0) {
  console.log(
    `a current Node.js (this is ${process.version}; packages need ${[...unmet].join(', and ')}): https://nodejs.org`,
  );
  process.exit(1);
}
