// Where a newsroom's files go unless it says otherwise. What a template may be, and comes to, only the engine knows.
export const NEWSROOM_TEMPLATE = '{bureau}/{date}/{slug}/{name}';
