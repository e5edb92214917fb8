/**
 * Who may import whom, as DESIGN.md section 4 draws it. Each comment says where the code should go instead.
 * Checked by `npm run check`; that every rule bites is tested by tools/architecture/dependency-rules.spec.ts.
 *
 * Paths: `libs/<name>/src/index.ts` is the only door of a lib; a vendor is a lib of its own below `libs/vendors`.
 */

/** Specs and the helpers that they share may reach for test doubles and infrastructure; what ships may not. */
const SPEC = '\\.spec\\.ts$';
const TEST_KIT = '(^libs/|/)testing/';
const TEST_CODE = [SPEC, TEST_KIT];
/** A lib may offer its test kit through its index. */
const TEST_CODE_AND_DOORS = [...TEST_CODE, '^libs/.+/src/index\\.ts$'];

/**
 * A lib may import the libs that are listed and nothing else of ours.
 *
 * @param {string} name folder below libs
 * @param {readonly string[]} allowed names of libs
 * @param {string} instead
 */
function layer(name, allowed, instead) {
  return {
    name: `layer-${name}`,
    comment: `libs/${name} may import ${allowed.length === 0 ? 'none of our libs' : allowed.join(', ')}. ${instead}`,
    severity: 'error',
    from: { path: `^libs/${name}/`, pathNot: TEST_CODE },
    to: { path: '^libs/', pathNot: `^libs/(${[name, ...allowed].join('|')})/` },
  };
}

/**
 * An npm package has one home.
 *
 * @param {string} name
 * @param {string} packages regular expression over the package name
 * @param {string} homes regular expression over the importing file
 * @param {string} instead
 */
function home(name, packages, homes, instead) {
  return {
    name: `home-of-${name}`,
    comment: instead,
    severity: 'error',
    from: { path: '^(apps|libs)/', pathNot: [homes, ...TEST_CODE] },
    to: { path: `(^|/)node_modules/${packages}/` },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Files that import each other cannot be read, tested or moved alone. Move what both need into a third file, or turn one import around by passing the thing in.',
      severity: 'error',
      from: {},
      // Imports of types vanish in the build.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import leads nowhere: mend the path, or add the package to package.json.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'apps-apart',
      comment:
        'Apps talk through topics and HTTP, never by import. Code that two apps need belongs into a lib (libs/platform, libs/vendor-kit or libs/flows, by its subject).',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'libs-below-apps',
      comment:
        'A lib knows no app. Move the code that the lib needs from the app into a lib, or pass it in from the app.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'nothing-ships-tools',
      comment:
        'tools/ and test/ never reach production. What an app needs from there belongs into libs/platform; specs and testing/ folders may import tools/infra.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TEST_CODE },
      to: { path: '^(tools|test)/' },
    },
    {
      name: 'specs-are-leaves',
      comment: 'Nobody imports a spec. Move the shared helper into the folder testing/ of the app or lib.',
      severity: 'error',
      from: {},
      to: { path: SPEC },
    },
    {
      name: 'nothing-ships-test-kit',
      comment:
        'A folder called testing holds builders and drivers for specs. What an app needs from it belongs beside the code that it is about.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TEST_CODE_AND_DOORS },
      to: { path: TEST_KIT },
    },
    {
      name: 'libs-by-their-door',
      comment:
        "Import another lib as '#libs/<name>', which is its src/index.ts. What is missing there: export it by name from that index, or leave it private.",
      severity: 'error',
      from: { path: '^(libs/vendors/[^/]+|libs/[^/]+|apps/[^/]+|test)/' },
      to: {
        path: '^libs/',
        pathNot: ['^libs/(vendors/)?[^/]+/src/index\\.ts$', '^$1/'],
      },
    },

    layer('core', [], 'core is the bottom: pass in what it would import, or move the code up to its user.'),
    layer(
      'contracts',
      ['core'],
      'contracts describes what travels. Code that uses it belongs into streams, vendor-kit or flows.',
    ),
    layer(
      'platform',
      ['core'],
      'platform knows no topics and no vendors. Move code that does into streams or vendor-kit.',
    ),
    layer(
      'streams',
      ['contracts', 'core', 'platform'],
      'streams runs handlers and knows none of them. Pass the thing in as a handler, or move the code to its app.',
    ),
    layer(
      'vendor-kit',
      ['contracts', 'core', 'platform'],
      'vendor-kit is what vendors have in common. What one vendor needs belongs into libs/vendors/<vendor>; reading topics belongs to apps.',
    ),
    layer(
      'flows',
      ['contracts', 'core'],
      'flows is pure: no broker, no database, no vendor. Move the effect into an app and pass its result in.',
    ),
    layer(
      'persistence',
      ['core', 'platform'],
      'persistence stores what it is given. Move code that knows topics or vendors to the app that uses it.',
    ),
    {
      name: 'layer-vendors',
      comment:
        'A vendor imports vendor-kit, contracts and core, and never another vendor. What two vendors share belongs into libs/vendor-kit. Only the list of all vendors (libs/vendors/src) names them.',
      severity: 'error',
      from: { path: '^libs/vendors/([^/]+)/', pathNot: [...TEST_CODE, '^libs/vendors/src/'] },
      to: { path: '^libs/', pathNot: ['^libs/(vendor-kit|contracts|core)/', '^libs/vendors/$1/'] },
    },

    home(
      'kafka',
      '(kafkajs|@kafkajs/[^/]+)',
      '^libs/streams/',
      'Only libs/streams knows the Kafka client and the registry client. Ask it for what is missing; apps/setup creates topics through it as well.',
    ),
    home(
      'typeorm',
      '(typeorm|@nestjs/typeorm|pg)',
      '^libs/persistence/',
      'Only libs/persistence knows TypeORM and PostgreSQL. Add a repository there and inject it.',
    ),
    home(
      'metrics',
      'prom-client',
      '^(apps|libs/(platform|streams|vendor-kit))/',
      'Metrics live in *.metrics.ts of an app, or of platform, streams and vendor-kit. Return a value and let the caller count it.',
    ),
    home(
      'nest',
      '@nestjs/[^/]+',
      '^(apps|libs/(platform|streams|persistence))/',
      'Nest sits at the edge: apps, platform, and the transport in streams. Write a plain class or function and wire it in the module of the app.',
    ),
    home(
      'breaker',
      'opossum',
      '^libs/vendor-kit/',
      'Circuit breakers belong to the one transport in libs/vendor-kit. Call the vendor through it.',
    ),
    home(
      'templates',
      'liquidjs',
      '^libs/flows/',
      'Templates are rendered by libs/flows, where their limits are set. Call its renderer.',
    ),
    {
      name: 'small-core',
      comment:
        'core and contracts stay free of npm packages but decimal.js (money) and avsc (Avro). Move code that needs more into platform, streams or vendor-kit.',
      severity: 'error',
      from: { path: '^libs/(core|contracts)/src/', pathNot: TEST_CODE },
      to: { path: '(^|/)node_modules/', pathNot: '(^|/)node_modules/(decimal\\.js|avsc|@types/[^/]+)/' },
    },
    {
      name: 'no-development-packages',
      comment: 'What runs in production must be in "dependencies" of package.json, not in "devDependencies".',
      severity: 'error',
      from: {
        path: '^(apps|libs)/[^/]+/(src|[^/]+/src)/',
        pathNot: TEST_CODE_AND_DOORS,
      },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'no-undeclared-packages',
      comment:
        'A package that is here only because another one needs it can vanish: add it to package.json, or do without it.',
      severity: 'error',
      from: { path: '^(apps|libs|tools|test)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.ledgerwire)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      // `source` makes '#libs/*' lead to TypeScript, as for the compiler and for vitest.
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      mainFields: ['module', 'main', 'types'],
    },
    cache: { folder: '.ledgerwire/cache/dependency-cruiser', strategy: 'content' },
  },
};
