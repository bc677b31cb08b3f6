import type { TestProject } from 'vitest/node';
import { describeTestedServers, startableServers } from './available-servers.ts';

/** The folders whose suites run against Chef servers. */
const serverSuites = /^test\/(contract|pipeline)\//;

/**
 * A vitest `globalSetup`: after the tests it prints in one line which Chef servers they met and which are not installed, so that a
 * green run never hides a missing server. Says nothing when no suite of servers ran.
 */
export default function reportTestedServers(project: TestProject): () => void {
  return () => {
    const modules = project.vitest.state.getTestModules();
    if (modules.some((module) => serverSuites.test(module.relativeModuleId))) {
      console.log(`\n${describeTestedServers(startableServers)}`);
    }
  };
}
