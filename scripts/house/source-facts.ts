import { parseSync, Visitor } from 'vite';

/** One module that a file asks for. */
export interface ImportFact {
  readonly specifier: string;
  /** `import()` in an expression: loaded on demand. */
  readonly dynamic: boolean;
  /** Erased by the compiler: no dependency at run time. */
  readonly typeOnly: boolean;
}

/** What a source file reaches for. `globals` are names such as `Date.now`, `setTimeout`, `process`; `import(name)`: a module that only a value names. */
export interface SourceFacts {
  readonly imports: readonly ImportFact[];
  readonly globals: readonly string[];
}

const guardedNames = new Set([
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'queueMicrotask'],
  ...['process', 'console', 'fetch', 'performance', 'crypto'],
]);
const guardedMembers = new Set(['Date.now', 'Math.random']);
const globalObjects = new Set(['globalThis', 'global']);

/** Reads imports and guarded globals from the syntax tree, so that comments and strings never count. */
export function readSourceFacts(file: string, text: string): SourceFacts {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`);
  const imports: ImportFact[] = [];
  const globals = new Set<string>();
  const notReferences = new Set<number>();
  const add = (specifier: string, kind: string | undefined, dynamic = false): void => {
    imports.push({ specifier, dynamic, typeOnly: kind === 'type' });
  };
  const isName = ({ start }: { readonly start: number }): void => {
    notReferences.add(start);
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.source.value, node.exportKind);
    },
    TSImportType: (node) => add(node.source.value, 'type'),
    ImportExpression: (node) => {
      if (node.source.type === 'Literal' && typeof node.source.value === 'string') add(node.source.value, undefined, true);
      else globals.add('import(name)');
    },
    NewExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0)
        globals.add('new Date()');
    },
    MemberExpression: (node) => {
      if (node.computed || node.property.type !== 'Identifier') return;
      const object = node.object.type === 'Identifier' ? node.object.name : undefined;
      if (object !== undefined && guardedMembers.has(`${object}.${node.property.name}`))
        globals.add(`${object}.${node.property.name}`);
      if (object === undefined || !globalObjects.has(object)) isName(node.property);
    },
    Property: (node) => {
      if (!node.computed && !node.shorthand) isName(node.key);
    },
    MethodDefinition: (node) => isName(node.key),
    PropertyDefinition: (node) => isName(node.key),
    TSPropertySignature: (node) => isName(node.key),
    TSMethodSignature: (node) => isName(node.key),
    Identifier: (node) => {
      if (guardedNames.has(node.name) && !notReferences.has(node.start)) globals.add(node.name);
    },
  }).visit(program);
  return { imports, globals: [...globals] };
}
