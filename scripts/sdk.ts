/**
 * `npm run build:sdk [-- directory]` makes the client package in dist-sdk/: one ES module for pages and services, one for
 * Node.js alone, their types without a dependency, and a package.json.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import ts from 'typescript';
import { build } from 'vite';

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'src/sdk');
/** What a program imports: `tandem-sdk`, `tandem-sdk/node`. */
const entries = { index: join(source, 'index.ts'), node: join(source, 'node.ts') };

export async function buildSdk(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      outDir: directory,
      emptyOutDir: false,
      target: 'es2022',
      minify: false,
      lib: { entry: entries, formats: ['es'] },
      rollupOptions: { external: [/^node:/] },
    },
  });
  writeTypes(directory);
  const { version, license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entry = (name: string) => ({ types: `./${name}.d.ts`, import: `./${name}.js` });
  const manifest = {
    name: 'tandem-sdk',
    version,
    description: 'State channels of the Tandem wallet for web pages and services',
    license,
    type: 'module',
    engines,
    sideEffects: false,
    exports: { '.': entry('index'), './node': entry('node') },
  };
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Declarations of src/sdk. What is derived from the schemas is written out, so that nobody needs them. */
function writeTypes(directory: string): void {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(Object.values(entries), {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    incremental: false,
  });
  const derived = join(source, 'types.ts');
  const write = (file: string, text: string) =>
    writeFileSync(join(directory, basename(file)), text.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile || !resolve(file.fileName).startsWith(`${source}/`)) continue;
    if (resolve(file.fileName) === derived) write('types.d.ts', writtenOut(program, file));
    else program.emit(file, write, undefined, true);
  }
}

function writtenOut(program: ts.Program, file: ts.SourceFile): string {
  const checker = program.getTypeChecker();
  const flags =
    ts.TypeFormatFlags.NoTruncation |
    ts.TypeFormatFlags.InTypeAlias |
    ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType;
  const print = (type: ts.Type) => checker.typeToString(type, file, flags);
  const lines: string[] = [];
  for (const statement of file.statements) {
    if (!ts.isTypeAliasDeclaration(statement)) continue;
    const name = statement.name.text;
    const said = file.text.slice(statement.getFullStart(), statement.getStart(file)).trim();
    if (!statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    if (said) lines.push(said);
    const text = statement.getText(file);
    const type = checker.getTypeAtLocation(statement.name);
    if (name === 'Methods') {
      lines.push('export interface Methods {');
      for (const method of checker.getPropertiesOfType(type)) {
        const call = checker.getTypeOfSymbol(method);
        const part = (key: string) => print(checker.getTypeOfSymbol(checker.getPropertyOfType(call, key)!));
        lines.push(
          `  '${method.name}': {`,
          `    params: ${part('params')};`,
          `    result: ${part('result')};`,
          '  };',
        );
      }
      lines.push('}');
    } else lines.push(/\bv\./.test(text) ? `export type ${name} = ${print(type)};` : text);
  }
  return `${lines.join('\n')}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const directory = resolve(root, process.argv[2] ?? 'dist-sdk');
  await buildSdk(directory);
  console.log(`client package: ${directory}`);
}
