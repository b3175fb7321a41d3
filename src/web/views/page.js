import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { AppContext } from './context.ts';
import { SignIn } from './sign-in.tsx';
import { ToastList } from './toast-list.tsx';
import { Workspace } from './workspace.tsx';
export function Page({ app }) {
    return (_jsxs(AppContext.Provider, { value: app, children: [_jsx(Screen, { app: app }), _jsx(ToastList, {})] }));
}
function Screen({ app }) {
    const state = app.session.state.value;
    switch (state.name) {
        case 'signed-out':
            return _jsx(SignIn, { ended: state.ended });
        case 'signed-in':
            return _jsx(Workspace, { chat: state.chat }, state.chat);
    }
}
