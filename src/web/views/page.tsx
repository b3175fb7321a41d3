import type { App } from '../app.ts';
import { AppContext } from './context.ts';
import { SignIn } from './sign-in.tsx';
import { ToastList } from './toast-list.tsx';
import { Workspace } from './workspace.tsx';

export function Page({ app }: { app: App }) {
  return (
    <AppContext.Provider value={app}>
      <Screen app={app} />
      <ToastList />
    </AppContext.Provider>
  );
}

function Screen({ app }: { app: App }) {
  const state = app.session.state.value;
  switch (state.name) {
    case 'signed-out':
      return <SignIn ended={state.ended} />;
    case 'signed-in':
      return <Workspace chat={state.chat} key={state.chat} />;
  }
}
