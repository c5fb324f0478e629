import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseEnvFile } from '../../../src/commands/options/env-file.ts';
import { parseVariable, resolveVariables } from '../../../src/commands/options/environment.ts';
import { anyText, parsesOrRefuses, refuses } from './refusal.ts';

describe('parseVariable', () => {
  it('takes NAME=VALUE, NAME and NAME*', () => {
    assert.deepEqual(parseVariable('A=b=c\nd'), { kind: 'set', name: 'A', value: 'b=c\nd' });
    assert.deepEqual(parseVariable('A='), { kind: 'set', name: 'A', value: '' });
    assert.deepEqual(parseVariable('A'), { kind: 'host', name: 'A' });
    assert.deepEqual(parseVariable('LC_*'), { kind: 'prefix', prefix: 'LC_' });
    assert.deepEqual(parseVariable('A*=x'), { kind: 'set', name: 'A*', value: 'x' });
  });

  it('refuses a missing name', () => {
    refuses(parseVariable, /^expected NAME=VALUE, NAME or NAME\*, got "/, ['', '=x']);
  });
});

describe('resolveVariables', () => {
  const host = new Map([
    ['LC_ALL', 'C'],
    ['LC_TIME', 'de'],
    ['EDITOR', 'vi'],
  ]);

  it('looks names up on the host and leaves out what is not set there', () => {
    const requests = [parseVariable('EDITOR'), parseVariable('PAGER'), parseVariable('LC_*')];
    assert.deepEqual(
      [...resolveVariables(requests, host).variables],
      [
        ['EDITOR', 'vi'],
        ['LC_ALL', 'C'],
        ['LC_TIME', 'de'],
      ],
    );
  });

  it('lets the last request of a name win', () => {
    const requests = ['EDITOR=ed', 'LC_ALL=x', 'EDITOR'].map(parseVariable);
    assert.deepEqual(Object.fromEntries(resolveVariables(requests, host).variables), { EDITOR: 'vi', LC_ALL: 'x' });
  });
});

describe('variables that look like secrets', () => {
  const secrets = [
    'GITHUB_TOKEN',
    'NPM_AUTH_TOKEN',
    'TOKEN_2',
    'PGPASSWORD',
    'MYSQL_PWD',
    'DB_PASSWORD',
    'my_secret',
    'AWS_PROFILE',
    'OPENAI_API_KEY',
    'SSH_PRIVATE_KEY',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'SSH_AUTH_SOCK',
    'DBUS_SESSION_BUS_ADDRESS',
    'XAUTHORITY',
  ];
  const harmless = ['PWD', 'OLDPWD', 'KEYBOARD', 'MONKEY', 'TOKENIZERS_PARALLELISM', 'EDITOR', 'COMPASS', 'AUTHOR'];
  const host = new Map([...secrets, ...harmless].map((name) => [name, 'x']));

  it('are held back from patterns', () => {
    const { variables, heldBack } = resolveVariables([parseVariable('*')], host);
    assert.deepEqual([...variables.keys()], harmless);
    assert.deepEqual(heldBack, secrets);
  });

  it('pass when they are named, alone or beside a pattern', () => {
    const requests = ['GITHUB_*', 'GITHUB_TOKEN', 'MYSQL_PWD'].map(parseVariable);
    const { variables, heldBack } = resolveVariables(requests, host);
    assert.deepEqual([...variables.keys()], ['GITHUB_TOKEN', 'MYSQL_PWD']);
    assert.deepEqual(heldBack, []);
  });

  it('are known by a login in a URL too', () => {
    const urls = new Map([
      ['DATABASE', 'postgres://ann:hunter2@db.example.org/x'],
      ['PROXY', 'http://proxy.example.org:3128/'],
      ['MAIL', 'mailto:ann@example.org'],
    ]);
    assert.deepEqual(resolveVariables([parseVariable('*')], urls).heldBack, ['DATABASE']);
  });
});

describe('parseEnvFile', () => {
  it("reads docker's format", () => {
    const text = '\uFEFF# a comment\r\n\n  A=1\r\nB="quoted # kept" \n\tC\n   #no\nD=\nE=x=y\nF=\udcff';
    assert.deepEqual(parseEnvFile(text), [
      { kind: 'set', name: 'A', value: '1' },
      { kind: 'set', name: 'B', value: '"quoted # kept" ' },
      { kind: 'host', name: 'C' },
      { kind: 'set', name: 'D', value: '' },
      { kind: 'set', name: 'E', value: 'x=y' },
      { kind: 'set', name: 'F', value: '\udcff' },
    ]);
  });

  it('names the line of what it refuses', () => {
    refuses(parseEnvFile, /^line 2: expected a name before =, got "=x"$/, ['A=1\n=x']);
    refuses(parseEnvFile, /^line 1: expected a name without spaces, got "export A=1"$/, ['export A=1']);
    refuses(parseEnvFile, /^line 3: expected text without NUL/, ['A=1\n\nB=a\0b']);
  });

  it('gives back every variable written to a file', () => {
    const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]*$/);
    const content = anyText.map((text) => text.replace(/[\r\n\0]/g, ''));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, content)), (variables) => {
        const text = variables.map(([key, value]) => `${key}=${value}\n`).join('');
        assert.deepEqual(
          parseEnvFile(text),
          variables.map(([key, value]) => ({ kind: 'set', name: key, value })),
        );
      }),
    );
  });

  it('gives variables or a UsageError for any text', () => {
    fc.assert(fc.property(anyText, (text) => parsesOrRefuses(parseEnvFile, text)));
  });
});
