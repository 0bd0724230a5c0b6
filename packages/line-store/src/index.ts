export { createFileLineStore, type FileLineStore, type FileLineStoreOptions, type StoreStats } from './file-line-store.ts';
