import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { failure } from './support.ts';

/** Below `image = "a"`, which is line 1. What is wrong, the message after the file's name, and the hint. */
const WRONG: ReadonlyArray<readonly [text: string, message: string, hint?: RegExp]> = [
  ['imge = "b"', '2:1: imge: unknown key', /^did you mean image\?$/],
  ['zzz = "b"', '2:1: zzz: unknown key', /^known: name, shim-refresh, .*image/],
  ['commands = {}', '2:1: commands: unknown key', /\[command\.NAME\]/],
  ['[foo.bar]\nx = 1', '2:2: foo: unknown key'],
  ['[command.t]\nrun = "x"\ndepends_on = []', '4:1: command.t.depends_on: unknown key', /requires/],
  ['[[steps]]\nrun = "x"\nnetwrk = true', '4:1: steps.netwrk: unknown key', /network/],
  ['[env.test]\nextend = "default"\nimage = "b"', '3:1: env.test.extend: unknown key', /extends/],
  ['limits = { memry = "2g" }', '2:12: limits.memry: unknown key', /memory/],
  ['description = 3', '2:1: description: expected a string in quotes, got 3'],
  ['description = "a\\nb"', '2:1: description: expected a line of up to 500 characters, got "a\\nb"'],
  ['packages = "nodejs"', '2:1: packages: expected a list: ["nodejs"], got "nodejs"'],
  ['packages = ["a", 3]', '2:18: packages: expected a string in quotes, got 3'],
  ['packages = ["a", "-y"]', '2:18: packages: expected a package\'s name, such as nodejs, or curl=8.5, got "-y"'],
  [
    'packages = ["a\'; reboot \'"]',
    "2:13: packages: expected a package's name, such as nodejs, or curl=8.5, got \"a'; reboot '\"",
  ],
  ['packages = ["nano-"]', '2:13: packages: expected a package\'s name, such as nodejs, or curl=8.5, got "nano-"'],
  ['packages = ["$(id)"]', '2:13: packages: expected a package\'s name, such as nodejs, or curl=8.5, got "$(id)"'],
  ['network = "hots"', '2:1: network: expected one of none, host, got "hots"', /^did you mean "host"\?$/],
  ['workspace = "none"', '2:1: workspace: expected one of rw, ro, cow, got "none"'],
  ['workdir = "app"', '2:1: workdir: expected an absolute path inside, which starts with /, got "app"'],
  ['user = "a b"', '2:1: user: expected UID, UID:GID, NAME or NAME:GROUP, got "a b"'],
  ['user = 1.5', '2:1: user: expected a whole number from 0 to 4294967294, got 1.5'],
  ['user = []', '2:1: user: expected a user: "1000", "1000:1000" or "www-data", got an empty list'],
  ['ports = [0]', '2:10: ports: expected a whole number from 1 to 65535, got 0'],
  ['ports = ["8080:80"]', '2:10: ports: expected a whole number from 1 to 65535, got "8080:80"'],
  [
    'pass-env = ["A=1"]',
    '2:13: pass-env: expected NAME, or NAME* for all that start so; a value is set in [env], got "A=1"',
  ],
  [
    'volumes = ["data:/data"]',
    '2:12: volumes: expected SOURCE:DESTINATION or SOURCE:DESTINATION:ro, the source with ./, / or ~/ first, got "data:/data"',
  ],
  ['volumes = ["./a:/x", "./b:/x/"]', '2:22: volumes: there is another volume for /x in the list'],
  ['volumes = ["./a:/x/../proc/1"]', '2:12: volumes: nothing can be mounted on /proc/1'],
  ['volumes = ["./a:/x/.."]', '2:12: volumes: nothing can be mounted on /'],
  ['tmpfs = ["/a:szie=1m"]', '2:10: tmpfs: expected /DIRECTORY[:size=64m,mode=1777], got "/a:szie=1m"'],
  ['secrets = ["a b"]', '2:12: secrets: expected NAME, NAME=FILE or NAME=env:VARIABLE, got "a b"'],
  [
    'session = ["waylnd"]',
    '2:12: session: expected one of ssh-agent, gpg-agent, dbus, wayland, x11, audio, gpu, got "waylnd"',
    /wayland/,
  ],
  ['devices = ["fuse"]', '2:12: devices: expected SOURCE[:DESTINATION] such as /dev/fuse, got "fuse"'],
  ['cache = ["nmp"]', '2:10: cache: expected one of apt, cargo, go, npm, pip, or an absolute path inside, got "nmp"'],
  ['shims = ["../x"]', '2:10: shims: expected a program\'s name without a path, got "../x"'],
  ['limits = { cpus = true }', '2:12: limits.cpus: expected a number such as 1.5, got true'],
  ['limits = { memory = "lots" }', '2:12: limits.memory: expected a size such as "2g", or bytes, got "lots"'],
  ['limits = "2g"', '2:1: limits: expected a table: { memory = "2g" }, got "2g"'],
  ['[[steps]]\nname = "x"', '2:3: steps.run: is missing', /^run = /],
  ['[[steps]]\nrun = "x"\n[[steps]]\nrun = ["x"]', '5:1: steps.run: expected a string in quotes, got a list'],
  ['[[steps]]\nrun = " "', '3:1: steps.run: expected a script that is not empty, got " "'],
  [
    '[[steps]]\nrun = "x"\nname = "step 1"',
    "4:1: steps.name: expected a name: up to 64 letters, digits, '.', '_' and '-', a letter or digit first, got \"step 1\"",
  ],
  [
    '[[steps]]\nrun = "x"\nname = "a"\n[[steps]]\nrun = "y"\nname = "a"',
    '7:1: steps.name: there is another step called "a"',
  ],
  [
    '[[steps]]\nrun = "x"\ninputs = ["/etc/passwd"]',
    '4:11: steps.inputs: expected a path below the project: no / or ~ first, no .. in it, got "/etc/passwd"',
  ],
  [
    '[[steps]]\nrun = "x"\ninputs = ["a/../../b"]',
    '4:11: steps.inputs: expected a path below the project: no / or ~ first, no .. in it, got "a/../../b"',
  ],
  [
    '[[steps]]\nrun = "x"\ninputs = ["~/x"]',
    '4:11: steps.inputs: expected a path below the project: no / or ~ first, no .. in it, got "~/x"',
  ],
  ['steps = "make"', '2:1: steps: expected tables: [[steps]], got "make"'],
  ['[steps]\nrun = "x"', '2:2: steps: expected tables: [[steps]], got a table'],
  ['[env]\nX = 3.10', '3:1: env.X: expected a whole number, or text: 3.10 would be 3.1 without its quotes, got 3.1'],
  [
    '[env]\nX = []',
    '3:1: env.X: expected a string in quotes, a whole number, true or false (a variable), or a table (an environment), got an empty list',
  ],
  ['[env]\nX = 2020-01-01', '3:1: env.X: is a date, which no key takes: text stands in quotes'],
  ['[env]\n"a.b" = "x"', "3:1: env.a.b: no variable's name: letters, digits and '_', no digit first"],
  [
    '[env."a b"]\nimage = "x"',
    "2:6: env.a b: expected a variable's or an environment's name: letters, digits, '.', '_' and '-'",
  ],
  [
    '[env.default]\nimage = "x"',
    '2:6: env.default: `default` is the environment at the top of the file',
    /top of the file/,
  ],
  [
    '[env.test]\nextends = "defualt"',
    '3:1: env.test.extends: there is no environment "defualt"',
    /^did you mean default\?$/,
  ],
  ['[env.test]\nuser = "1"', '2:6: env.test: there is no image', /extends = "default"/],
  [
    '[env.test.env]\nA = { b = 1 }',
    '3:1: env.test.env.A: expected a string in quotes, a whole number, true or false, got a table',
  ],
  [
    '[command."a b"]\nrun = "x"',
    "2:10: command.a b: expected a name: up to 64 letters, digits, '.', '_' and '-', a letter or digit first",
  ],
  ['[command]\ntest = "x"', '3:1: command.test: expected a table: [command.NAME], got "x"'],
  ['[command.t]\ndescription = "x"', '2:10: command.t.run: is missing', /^run = /],
  ['[command.t]\nrun = []', '3:1: command.t.run: expected a program, got an empty list'],
  ['[command.t]\nrun = ["a", 1]', '3:13: command.t.run: expected a string in quotes, got 1'],
  [
    '[command.t]\nrun = "x"\nenvironment = "tset"\n[env.test]\nimage = "x"',
    '4:1: command.t.environment: there is no environment "tset"',
    /test/,
  ],
  [
    '[command.t]\nrun = "x"\nenvironment = "n{V}"\neach = { V = ["1", "2"] }\n[env.n1]\nimage = "x"',
    '4:1: command.t.environment: there is no environment "n2"',
    /n1/,
  ],
  [
    '[command.t]\nrun = "x"\nenvironment = "n{W}"\neach = { V = ["1"] }',
    '4:1: command.t.environment: {W} is no key of each',
  ],
  [
    '[command.t]\nrun = "x"\neach = { V = [] }',
    '4:10: command.t.each.V: expected at least one value, got an empty list',
  ],
  [
    '[command.t]\nrun = "x"\nrequires = ["biuld"]\n[command.build]\nrun = "x"',
    '4:13: command.t.requires: there is no command "biuld"',
    /build/,
  ],
  [
    '[command.t]\nrun = "x"\nservices = ["db"]',
    '4:13: command.t.services: there is no service "db"',
    /\[service\.NAME\]/,
  ],
  [
    '[command.t]\nrun = "x"\nwatch = ["../src/**"]',
    '4:10: command.t.watch: expected a path below the project: no / or ~ first, no .. in it, got "../src/**"',
  ],
  [
    '[command.t]\nrun = "x"\nworkdir = "../x"',
    '4:1: command.t.workdir: expected a path: absolute inside, or relative to the project, got "../x"',
  ],
  ['[command.t]\nrun = "x"\nrequires = ["t"]', '4:1: command.t.requires: requires goes round in a circle: t > t'],
  [
    '[service.a]\nrun = "x"\nrequires = ["b"]\n[service.b]\nrun = "x"\nrequires = ["a"]',
    '4:1: service.a.requires: requires goes round in a circle: a > b > a',
  ],
  [
    '[service.a]\nrun = "x"\nready = {}',
    '4:1: service.a.ready: expected exactly one of tcp, http, command, log and file, got 0',
    /tcp = 5432/,
  ],
  [
    '[service.a]\nrun = "x"\nready = { tcp = 1, log = "x" }',
    '4:1: service.a.ready: expected exactly one of tcp, http, command, log and file, got 2',
  ],
  [
    '[service.a]\nrun = "x"\nready = { http = "localhost:80" }',
    '4:11: service.a.ready.http: expected a URL: "http://127.0.0.1:3000/health", got "localhost:80"',
  ],
  ['[service.a]\nrun = "x"\nstop-signal = "SIGFOO"', '4:1: service.a.stop-signal: "SIGFOO" is no signal'],
  [
    '[service.a]\nrun = "x"\nready-timeout = 0',
    '4:1: service.a.ready-timeout: expected seconds, from 0.1 to 86400, got 0',
  ],
  [
    '[service.a]\nrun = "x"\nports = [1]\n[service.b]\nrun = "x"\nports = [2, 1]',
    '7:13: service.b.ports: port 1 is that of the service a',
  ],
  ['[service.a]\nrun = "x"\nenvironment = "x"', '4:1: service.a.environment: there is no environment "x"'],
  ['[command.__proto__]\nrun = "x"', '2:2: __proto__ and constructor cannot be names'],
  ['env = { constructor = { image = "x" } }', '2:9: __proto__ and constructor cannot be names'],
  ['image = "b"', '2:1: trying to redefine an already defined table or value', /twice/],
  ['name = shop', '2:8: invalid value', /quotes/],
  ['name = "shop', '2:13: control characters are not allowed in strings', /quote on the same line/],
  [`a = ${'['.repeat(50)}${']'.repeat(50)}`, '2:37: document contains excessively nested structures. aborting.'],
  ['[[steps]]\nrun = "a\\u0000b"', '3:1: steps.run: has a character that no argument can have, such as NUL'],
];

describe('a file with a mistake', () => {
  for (const [text, message, hint] of WRONG) {
    it(JSON.stringify(text.slice(0, 100)), async (t) => {
      const found = await failure(t, `image = "a"\n${text}\n`);
      assert.equal(found?.message, `sandbox.toml:${message}`);
      assert.match(String(found?.hint), hint ?? /./s);
    });
  }

  it('with host as image has no steps and packages, and why', async (t) => {
    for (const text of ['packages = ["x"]', '[[steps]]\nrun = "x"']) {
      const found = await failure(t, `image = "host"\n${text}\n`);
      assert.match(
        found?.message ?? '',
        /^sandbox\.toml:2:\d: \w+: an environment with image = "host" has no .*each machine$/,
      );
    }
    assert.equal(await failure(t, 'image = "host"'), undefined);
  });

  it('has an image', async (t) => {
    const found = await failure(t, '# nothing\n');
    assert.equal(found?.message, 'sandbox.toml:1:1: image: is missing');
    assert.equal(found?.hint, 'image = "debian:bookworm"');
  });

  it('tells the code of cycles and unknown names', async (t) => {
    const code = async (text: string) => (await failure(t, `image = "a"\n${text}`))?.code;
    assert.equal(await code('[command.t]\nrun = "x"\nrequires = ["t"]'), 'CYCLE');
    assert.equal(await code('[command.t]\nrun = "x"\nrequires = ["u"]'), 'UNKNOWN');
    assert.equal(await code('x = 1'), 'INVALID');
  });
});

describe('a file with several mistakes', () => {
  it('has them all told, the likeliest first, hints in brackets, and one mistake once', async (t) => {
    const found = await failure(t, 'ports = [0]\nimge = "a"\nzzz = 1\n[[steps]]\nnam = "x"\n');
    assert.deepEqual(found?.message.split('\n'), [
      'sandbox.toml:2:1: imge: unknown key (did you mean image?)',
      'sandbox.toml:5:1: steps.nam: unknown key (did you mean name?)',
      'sandbox.toml:1:10: ports: expected a whole number from 1 to 65535, got 0',
      'sandbox.toml:3:1: zzz: unknown key',
      'sandbox.toml:4:3: steps.run: is missing (run = "cp package.json /opt/app/ && cd /opt/app && npm install")',
    ]);
    assert.equal(found?.hint, undefined);
  });

  it('has ten of them told at most', async (t) => {
    const found = await failure(t, `image = "a"\nports = [${'0, '.repeat(30)}]\n`);
    const lines = found?.message.split('\n') ?? [];
    assert.equal(lines.length, 11);
    assert.equal(lines[10], 'and more');
  });
});

describe('a hostile file', () => {
  const cases: ReadonlyArray<readonly [what: string, text: string]> = [
    ['a megabyte', '#'.repeat(2 ** 20)],
    ['lists in lists', `a = ${'['.repeat(200_000)}`],
    ['a deep key', `image = "a"\nenv.${'a.'.repeat(100_000)}a = 1`],
    ['a deep header', `[${'a.'.repeat(100_000)}a]`],
    ['many unknown keys', `image = "a"\n${Array.from({ length: 20_000 }, (_, index) => `x${index} = 1`).join('\n')}`],
    ['many wrong values', `image = "a"\nports = [${'"x", '.repeat(50_000)}]`],
    [
      'many environments',
      `image = "a"\n${Array.from({ length: 5000 }, (_, index) => `[env.e${index}]\nextends = "e${index + 1}"`).join('\n')}`,
    ],
    [
      'a long row of commands',
      `image = "a"\n${Array.from({ length: 5000 }, (_, index) => `[command.c${index}]\nrun = "x"\nrequires = ["c${(index + 1) % 5000}"]`).join('\n')}`,
    ],
    [
      'many combinations',
      `image = "a"\n[command.t]\nrun = "x"\nenvironment = "{A}{B}{C}"\neach = { A = [${'1, '.repeat(1)}2], B = [${Array.from({ length: 900 }, (_, index) => index).join(', ')}], C = [1, 2] }`,
    ],
  ];
  for (const [what, text] of cases) {
    it(`is refused soon: ${what}`, async (t) => {
      const before = performance.now();
      const found = await failure(t, text);
      assert.ok(['INVALID', 'CYCLE'].includes(String(found?.code)), String(found?.code));
      assert.ok((found?.message.length ?? 0) < 4000);
      assert.ok(performance.now() - before < 10_000);
    });
  }

  it('never makes anything else of it than a ProjectError', async (t) => {
    const word = fc.oneof(
      fc.constantFrom('default', 'a', '/a', './a:/b', 'npm', 'SIGTERM', '__proto__', 'toString', '{A}', '..', ''),
      fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed()),
    );
    const scalar = fc.oneof(
      word,
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.date({ noInvalidDate: true }),
    );
    const name = fc.oneof(
      fc.constantFrom(
        ...['image', 'env', 'command', 'service', 'steps', 'packages', 'limits', 'ready', 'run', 'extends', 'requires'],
        ...[
          'each',
          'ports',
          'volumes',
          'inputs',
          'services',
          'environment',
          'memory',
          'default',
          'cache',
          'tcp',
          'a',
          'b',
        ],
      ),
      word.filter((text) => text !== '__proto__'),
    );
    const { table } = fc.letrec<{ value: unknown; table: Record<string, unknown> }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.array(scalar, { maxLength: 3 }),
        fc.array(tie('table'), { maxLength: 2 }),
        tie('table'),
      ),
      table: fc.dictionary(name, tie('value'), { maxKeys: 5 }),
    }));
    const document = table.map((found) => ({ image: 'a', ...found }));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(document, fc.option(table, { nil: undefined }), async (main, local) => {
        const found = await failure(t, stringify(main), local === undefined ? undefined : stringify(local));
        if (found !== undefined) refused += 1;
      }),
      { numRuns: 400 },
    );
    assert.ok(refused > 0);
  });
});
