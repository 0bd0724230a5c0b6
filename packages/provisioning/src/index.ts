export { type FlatProfile, type ProfileElement, parseFlatProfile } from './flat-profile.ts';
export {
  type ConfigurationReading,
  type ConfigurationSource,
  readConfiguration,
  type UnknownElement,
} from './read-configuration.ts';
export { readYamlText, type YamlReading } from './read-yaml.ts';
export { exampleDns, exampleTls, exampleYaml, renderConfigurationReference } from './reference.ts';
