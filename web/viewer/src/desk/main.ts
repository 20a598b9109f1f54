import '../styles/base.css';
import '../styles/panels.css';
import '../styles/desk.css';
import { DeskApp } from './app';

const root = document.getElementById('app');
if (!root) throw new Error('desk.html has no #app');
new DeskApp(root).start();
