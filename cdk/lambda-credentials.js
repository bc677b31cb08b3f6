/**
 * Takes the place of `@aws-sdk/credential-provider-node` in the bundles: Lambda puts the credentials of a function's role
 * into its environment, so profiles, sign-ins and metadata services, with clients of their own, are 100 KB that no function uses.
 */
export { fromEnv as defaultProvider } from '../node_modules/@aws-sdk/credential-provider-env/dist-es/index.js';
