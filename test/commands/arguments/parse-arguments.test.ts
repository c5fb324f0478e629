import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { flag, list, value } from '../../../src/commands/arguments/option.ts';
import { parseArguments } from '../../../src/commands/arguments/parse-arguments.ts';
import { UsageError } from '../../../src/commands/arguments/usage-error.ts';
import { oneOf } from '../../../src/commands/options/choice.ts';

const same = (text: string): string => text;
const table = {
  env: list([['-e', '--env'], 'NAME', ''], same, { kind: 'nothing' }),
  workdir: value([['-w', '--workdir'], 'DIR', ''], same, { kind: 'nothing' }),
  network: value([['--network'], 'none|host', ''], oneOf(['none', 'host']), { kind: 'nothing' }),
  tty: flag(['-t', '--tty'], ''),
  interactive: flag(['-i', '--interactive'], ''),
} as const;

const parse = (words: readonly string[], limit = 1) =>
  parseArguments(table, { limit: () => limit, surplus: 'starts the rest' }, words);

const refused = (words: readonly string[], message: string, hint?: string): void => {
  assert.throws(
    () => parseArguments(table, { limit: () => 1, surplus: 'refused' }, words),
    (error: unknown) => {
      assert(error instanceof UsageError);
      assert.equal(error.message, message);
      assert.equal(error.hint, hint);
      return true;
    },
  );
};

describe('parseArguments', () => {
  it('reads values in the next word, after = and right behind a short name', () => {
    const { options } = parse([
      '-e',
      'A=1',
      '--env=B=2',
      '-eC=3',
      '-e=D=4',
      '--env',
      '-dash',
      '-w',
      '/x',
      '--workdir=',
    ]);
    assert.deepEqual(options.env, ['A=1', 'B=2', 'C=3', 'D=4', '-dash']);
    assert.equal(options.workdir, '');
  });

  it('combines short flags, the last of them with a value', () => {
    const { options } = parse(['-itw', '/x']);
    assert.deepEqual([options.interactive, options.tty, options.workdir], [true, true, '/x']);
    assert.equal(parse(['-itw/y']).options.workdir, '/y');
  });

  it('takes =true and =false after a flag', () => {
    assert.equal(parse(['--tty', '--tty=false']).options.tty, false);
    assert.equal(parse(['-t=true']).options.tty, true);
  });

  it('gives flags, values and lists that did not come as false, undefined and empty', () => {
    assert.deepEqual(parse([]), {
      options: { env: [], workdir: undefined, network: undefined, tty: false, interactive: false },
      operands: [],
      rest: undefined,
      help: false,
    });
  });

  it('passes on what follows -- as it is, bytes that are not UTF-8 included', () => {
    const rest = ['-t', '--', '\udcff', '', '--nonsense'];
    const parsed = parse(['host', '-t', '--', ...rest]);
    assert.deepEqual(parsed.rest, rest);
    assert.deepEqual(parsed.operands, ['host']);
    assert.equal(parsed.options.tty, true);
  });

  it('starts the rest with the first operand beyond the limit', () => {
    assert.deepEqual(parse(['host', 'ls', '-l', '--help']).rest, ['ls', '-l', '--help']);
    assert.deepEqual(parse(['ls', '-l'], 0).rest, ['ls', '-l']);
  });

  it('takes a single dash as an operand', () => {
    assert.deepEqual(parse(['-']).operands, ['-']);
  });

  it('stops at a request for help, even a combined one', () => {
    for (const word of ['-h', '--help', '-th']) assert.equal(parse([word, '--nonsense']).help, true);
    assert.equal(parse(['--', '--help']).help, false);
  });

  it('refuses what it does not know, naming what was probably meant', () => {
    refused(['--netwrok', 'none'], 'unknown option "--netwrok"', 'did you mean --network?');
    refused(['--enviroment-variable'], 'unknown option "--enviroment-variable"');
    refused(['-tz'], 'unknown option "-z" in "-tz"');
    refused(['--network', 'hots'], '--network: expected none or host, got "hots"', 'did you mean host?');
    refused(['--network'], '--network needs a value: --network none|host');
    refused(['--tty=maybe'], '--tty: expected no value, =true or =false, got "maybe"');
    refused(['one', 'two\x1b[2J'], 'unexpected argument "two\\u001b[2J"');
  });

  it('reads 100,000 words of a command without a noticeable cost', () => {
    const rest = Array.from({ length: 100_000 }, () => 'x');
    const begun = performance.now();
    assert.equal(parse(['host', ...rest]).rest?.length, rest.length);
    assert(performance.now() - begun < 500);
  });

  it('agrees with node:util on every well-formed line of options', () => {
    const word = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !/^[-=]/.test(text));
    const token = fc.oneof(
      word.map((text) => ['-e', text]),
      word.map((text) => [`--env=${text}`]),
      word.map((text) => [`-e${text}`]),
      word.map((text) => ['--workdir', text]),
      fc.constantFrom(['-t'], ['-it'], ['--interactive']),
    );
    fc.assert(
      fc.property(fc.array(token), fc.array(fc.string()), (tokens, rest) => {
        const words = [...tokens.flat(), '--', ...rest];
        const ours = parse(words);
        const theirs = parseArgs({
          args: words,
          allowPositionals: true,
          options: {
            env: { type: 'string', short: 'e', multiple: true },
            workdir: { type: 'string', short: 'w' },
            tty: { type: 'boolean', short: 't' },
            interactive: { type: 'boolean', short: 'i' },
          },
        });
        assert.deepEqual(ours.options.env, theirs.values.env ?? []);
        assert.equal(ours.options.workdir, theirs.values.workdir);
        assert.equal(ours.options.tty, theirs.values.tty ?? false);
        assert.equal(ours.options.interactive, theirs.values.interactive ?? false);
        assert.deepEqual(ours.rest, theirs.positionals);
      }),
    );
  });

  it('throws nothing but UsageError', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('-e', '--env', '--tty=', '-ti', '--network', '--', '-', 'none'));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          parse(words);
        } catch (error) {
          assert(error instanceof UsageError);
        }
      }),
    );
  });
});
