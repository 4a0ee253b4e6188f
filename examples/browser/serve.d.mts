import type { Server } from 'node:http';

export declare const serve: (model: string, port?: number) => Promise<{ server: Server; url: string }>;
